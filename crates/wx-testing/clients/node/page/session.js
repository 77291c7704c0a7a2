// Runs inside the page: login, contacts, synchronisation, received messages, logout.
'use strict';

(() => {
  const wx = window.wx;
  const { site } = wx;
  const inHelper = (pair) => (site.isHelper ? pair : '');
  const appIdQuery = inHelper(`&mmweb_appid=${site.appId}`);

  const messages = new Map();
  const waiting = new Map();
  const contacts = new Map();
  const received = new Set();
  let syncKey;
  let syncCheckKey;

  async function confirmedRedirect() {
    window.QRLogin = {};
    const redirect = encodeURIComponent(`${location.origin}${wx.PATH}webwxnewloginpage`);
    const query = `appid=${site.appId}&redirect_uri=${redirect}&fun=new&lang=zh_CN`;
    await wx.script(`${site.login}/jslogin?${query}`);
    const { uuid } = window.QRLogin;
    await wx.image(`https://login.weixin.qq.com/qrcode/${uuid}`);
    for (let tip = 1; ; tip = 0) {
      window.code = 0;
      const poll = `loginicon=true&uuid=${uuid}&tip=${tip}&r=${~Date.now()}`;
      await wx.script(`${site.login}${wx.PATH}login?${poll}`, inHelper(`&appid=${site.appId}`));
      if (window.code === 200) return window.redirect_uri;
      if (window.code !== 408 && window.code !== 201) throw new Error(`code ${window.code}`);
    }
  }

  /** The page's own cookies, which the server never set. */
  function setCookies(...pairs) {
    if (!site.isHelper) for (const pair of pairs) document.cookie = pair;
  }

  wx.logIn = async () => {
    setCookies('MM_WX_NOTIFY_STATE=1', 'MM_WX_SOUND_STATE=1');
    const redirect = await confirmedRedirect();
    const target = `${redirect}&fun=new&version=v2&lang=zh_CN`;
    const text = await wx.request('GET', target);
    const xml = new DOMParser().parseFromString(text, 'text/xml');
    const value = (name) => xml.querySelector(name).textContent;
    if (value('ret') !== '0') throw new Error(`webwxnewloginpage: ret ${value('ret')}`);
    wx.skey = value('skey');
    wx.sid = value('wxsid');
    // The page has the text of the XML until webwxinit returns the number.
    wx.uin = value('wxuin');
    wx.passTicket = value('pass_ticket');
    setCookies('login_frequency=1', `last_wxuin=${wx.uin}`);

    const query = `r=${~Date.now()}&${wx.langAndTicket()}`;
    const init = await wx.post('webwxinit', query, { BaseRequest: wx.baseRequest() });
    wx.user = init.User;
    wx.uin = init.User.Uin;
    wx.skey = init.SKey || wx.skey;
    adopt(init);
    learn(init.ContactList);
    await wx.notify(3, wx.user.UserName);
    return wx.user.NickName;
  };

  /** Tells the phone: 3 = logged in, 1 = this conversation was read. */
  wx.notify = (code, peer) =>
    wx.post('webwxstatusnotify', wx.langAndTicket(), {
      BaseRequest: wx.baseRequest(),
      Code: code,
      FromUserName: wx.user.UserName,
      ToUserName: peer,
      ClientMsgId: Date.now(),
    });

  function learn(list) {
    for (const contact of list) contacts.set(contact.UserName, contact);
  }

  const isRoom = (userName) => userName.startsWith('@@');

  wx.loadContacts = async () => {
    for (let seq = 0; ;) {
      const query = `${wx.langAndTicket()}&r=${Date.now()}&seq=${seq}&skey=${wx.skey}`;
      const answer = await wx.get('webwxgetcontact', query);
      learn(answer.MemberList);
      seq = answer.Seq;
      if (!seq) break;
    }
    await reportTiming();
    const names = [...contacts.values()].map((contact) => ({
      name: decoded(contact.RemarkName || contact.NickName),
      isRoom: isRoom(contact.UserName),
    }));
    return {
      names: names.filter((one) => !one.isRoom).map((one) => one.name),
      rooms: names.filter((one) => one.isRoom).map((one) => one.name),
    };
  };

  /** Telemetry; its BaseRequest has no Skey. */
  async function reportTiming() {
    const { Skey, ...baseRequest } = wx.baseRequest();
    const data = { appTiming: {}, pageTiming: performance.timing };
    const report = { Type: 1, Text: JSON.stringify({ type: '[app-timing]', data }) };
    await wx.post('webwxstatreport', `fun=new&${wx.langAndTicket()}`, {
      BaseRequest: baseRequest,
      Count: 1,
      List: [report],
    });
  }

  wx.find = (nickName) => {
    const contact = [...contacts.values()].find((one) => one.NickName === nickName);
    if (!contact) throw new Error(`no contact ${nickName}`);
    return contact;
  };

  async function memberName(room, userName) {
    const find = () => contacts.get(room)?.MemberList?.find((one) => one.UserName === userName);
    if (!find()?.NickName) {
      const query = `type=ex&r=${Date.now()}&${wx.langAndTicket()}`;
      const answer = await wx.post('webwxbatchgetcontact', query, {
        BaseRequest: wx.baseRequest(),
        Count: 1,
        List: [{ UserName: room, ChatRoomId: '' }],
      });
      learn(answer.ContactList);
    }
    const member = find();
    return decoded(member?.DisplayName || member?.NickName || '');
  }

  const ENTITIES = { lt: '<', gt: '>', '#39': "'", quot: '"', amp: '&' };

  function decoded(text) {
    return text
      .replace(/<br\/>/g, '\n')
      .replace(/&(lt|gt|#39|quot|amp);/g, (_, name) => ENTITIES[name]);
  }

  function adopt(answer) {
    if (answer.SyncKey.Count > 0) syncKey = answer.SyncKey;
    const { List } = answer.SyncCheckKey ?? syncKey;
    syncCheckKey = List.map(({ Key, Val }) => `${Key}_${Val}`).join('|');
  }

  async function sync() {
    const [sid, skey] = [wx.sid, wx.skey].map(site.isHelper ? encodeURIComponent : String);
    const query = `sid=${sid}&skey=${skey}&${wx.langAndTicket()}`;
    const answer = await wx.post('webwxsync', query, {
      BaseRequest: wx.baseRequest(),
      SyncKey: syncKey,
      rr: ~Date.now(),
    });
    wx.skey = answer.SKey || wx.skey;
    adopt(answer);
    learn(answer.ModContactList);
    for (const message of answer.AddMsgList) await receive(message);
  }

  async function receive(message) {
    if (received.has(message.MsgId) || message.MsgType === 51) return;
    received.add(message.MsgId);
    const room = [message.FromUserName, message.ToUserName].find(isRoom);
    const [, sender, rest] = room ? /^(@\w+):<br\/>([^]*)$/.exec(message.Content) ?? [] : [];
    messages.set(message.MsgId, {
      text: decoded(rest ?? message.Content),
      member: sender && (await memberName(room, sender)),
    });
    waiting.get(message.MsgId)?.();
  }

  /** The message of this id, as the page shows it. */
  wx.message = async (id) => {
    if (!messages.has(id)) await new Promise((resolve) => waiting.set(id, resolve));
    return messages.get(id);
  };

  /** Long polls until the server ends the login; the page being left ends it too. */
  wx.keepInSync = async () => {
    for (;;) {
      const pairs = {
        r: Date.now(),
        skey: wx.skey,
        sid: wx.sid,
        uin: wx.uin,
        deviceid: wx.baseRequest().DeviceID,
        synckey: syncCheckKey,
      };
      const query = Object.entries(pairs).map((pair) => pair.map(encodeURIComponent).join('='));
      window.synccheck = {};
      await wx.script(`${site.push}${wx.PATH}synccheck?${query.join('&')}`, appIdQuery);
      const { retcode, selector } = window.synccheck;
      if (retcode !== '0') return;
      if (selector !== '0') await sync();
    }
  };

  /** The target of a received image; its thumbnail is `type=slave`. */
  wx.imageTarget = (id) =>
    `${wx.PATH}webwxgetmsgimg?&MsgID=${id}&skey=${encodeURIComponent(wx.skey)}${appIdQuery}`;

  /** The target of a received recording. The page encodes the skey only for a video. */
  wx.recordingTarget = (what, id) => {
    const [call, skey] = what === 'video'
      ? ['webwxgetvideo', encodeURIComponent(wx.skey)] : ['webwxgetvoice', wx.skey];
    return `${wx.PATH}${call}?msgid=${id}&skey=${skey}${appIdQuery}`;
  };

  wx.logOut = () => {
    const form = document.createElement('form');
    form.method = 'POST';
    form.action = `${wx.PATH}webwxlogout?redirect=1&type=0&skey=${encodeURIComponent(wx.skey)}`;
    for (const name of ['sid', 'uin']) {
      const field = Object.assign(document.createElement('input'), { type: 'hidden', name });
      field.value = wx[name];
      form.append(field);
    }
    document.body.append(form);
    form.submit();
  };
})();
