// Runs inside the page. Makes requests like the official page: with script elements, images, and
// XMLHttpRequest. The driver sets `wx.site` before.
'use strict';

(() => {
  const wx = window.wx;
  wx.PATH = '/cgi-bin/mmwebwx-bin/';

  let scripts = Date.now();

  /**
   * Requests `url` by a script element, as the page does for what other hosts answer in JavaScript.
   * The helper page's application id comes last: a script element cannot carry its header.
   */
  wx.script = (url, appId = '') => {
    const element = document.createElement('script');
    element.src = `${url}&_=${scripts++}${appId}`;
    return new Promise((resolve, reject) => {
      element.onload = resolve;
      element.onerror = () => reject(new Error('a script element failed'));
      document.head.append(element);
    }).finally(() => element.remove());
  };

  /** Shows an image, and resolves once the browser could decode it. */
  wx.image = (url) =>
    new Promise((resolve, reject) => {
      const element = new Image();
      element.onload = () => resolve(element.src);
      element.onerror = () => reject(new Error('an img element failed'));
      element.src = url;
    });

  /** Loads a recording into a media element, whether or not the browser can decode it. */
  wx.play = (what, url) => {
    const element = document.createElement(what === 'video' ? 'video' : 'audio');
    Object.assign(element, { preload: 'auto', src: url });
    document.body.append(element);
  };

  /** A ping that nobody waits for. The helper page is not known to send any. */
  wx.ping = (rid, rkey, rvalue) => {
    if (wx.site.isHelper) return;
    const url = 'https://support.weixin.qq.com/cgi-bin/mmsupport-bin/reportforweb';
    new Image().src = `${url}?rid=${rid}&rkey=${rkey}&rvalue=${rvalue}`;
  };

  /** The headers that AngularJS sets, and the helper page's own. */
  wx.request = (method, target, body) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open(method, target);
      request.withCredentials = true;
      request.setRequestHeader('Accept', 'application/json, text/plain, */*');
      if (body) request.setRequestHeader('Content-Type', 'application/json;charset=UTF-8');
      if (wx.site.isHelper) request.setRequestHeader('mmweb_appid', wx.site.appId);
      request.onload = () => resolve(request.responseText);
      request.onerror = () => reject(new Error(`${method} failed`));
      request.send(body && JSON.stringify(body));
    });

  wx.checked = (call, answer) => {
    const { Ret } = answer.BaseResponse;
    if (Ret !== 0) throw new Error(`${call}: Ret ${Ret}`);
    return answer;
  };

  wx.get = async (call, query) =>
    wx.checked(call, JSON.parse(await wx.request('GET', `${wx.PATH}${call}?${query}`)));

  wx.post = async (call, query, body) =>
    wx.checked(call, JSON.parse(await wx.request('POST', `${wx.PATH}${call}?${query}`, body)));

  wx.baseRequest = () => ({
    Uin: wx.uin,
    Sid: wx.sid,
    Skey: wx.skey,
    DeviceID: `e${String(Math.random().toFixed(15)).slice(2, 17)}`,
  });

  /** `lang` and `pass_ticket` end most queries of the page. */
  wx.ticket = () => `pass_ticket=${encodeURIComponent(wx.passTicket)}`;
  wx.langAndTicket = () => `lang=zh_CN&${wx.ticket()}`;

  wx.localId = () => `${Date.now()}${Math.random().toFixed(3).replace('.', '')}`;
})();
