// Runs inside the page: uploads by WebUploader with the official page's settings, and messages.
'use strict';

(() => {
  const wx = window.wx;
  const { site } = wx;

  const cookie = (name) =>
    document.cookie.split('; ').find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);

  const mediaType = (extension) =>
    ({ bmp: 'pic', png: 'pic', jpg: 'pic', jpeg: 'pic', mp4: 'video' })[extension] ?? 'doc';

  const server = () => {
    const random = Math.random().toString(36).slice(2).padEnd(4, '0').slice(0, 4);
    const query = site.isHelper ? `f=json&random=${random}` : 'f=json';
    return `${site.file}${wx.PATH}webwxuploadmedia?${query}`;
  };

  let uploader;
  let peer;
  let form;
  let outcome;

  /** Makes the page's button for files; the driver puts files into its input element. */
  wx.openUploader = () => {
    const button = document.createElement('div');
    button.id = 'picker';
    button.innerText = 'file';
    document.body.append(button);
    uploader = window.WebUploader.create({
      pick: '#picker',
      server: server(),
      fileVal: 'filename',
      compress: false,
      duplicate: true,
      threads: 1,
      chunked: true,
      chunkSize: 524288,
      withCredentials: true,
    });
    uploader.on('fileQueued', upload);
    uploader.on('uploadBeforeSend', (_, data, headers) => {
      Object.assign(data, form);
      if (site.isHelper) headers.mmweb_appid = site.appId;
    });
    uploader.on('uploadSuccess', (file, answer) => outcome.resolve({ file, answer }));
    uploader.on('uploadError', (_, why) => outcome.reject(new Error(`WebUploader: ${why}`)));
  };

  /** Digests a file, then uploads it. */
  function upload(file) {
    wx.ping(69373, 9, 1);
    const began = Date.now();
    const isBig = file.size > 1 << 20;
    uploader.md5File(file).then((md5) => {
      wx.ping(63637, isBig ? 70 : 72, Date.now() - began);
      wx.ping(63637, isBig ? 74 : 76, 1);
      form = formOf(file, md5);
      uploader.option('server', server());
      uploader.upload(file);
    });
  }

  /** The fields of a file's form that the page adds, the same for each chunk. */
  const formOf = (file, md5) => ({
    mediatype: mediaType(file.ext.toLowerCase()),
    uploadmediarequest: JSON.stringify({
      UploadType: 2,
      BaseRequest: wx.baseRequest(),
      ClientMediaId: Date.now(),
      TotalLen: file.size,
      StartPos: 0,
      DataLen: file.size,
      MediaType: 4,
      FromUserName: wx.user.UserName,
      ToUserName: peer,
      FileMd5: md5,
    }),
    webwx_data_ticket: cookie('webwx_data_ticket'),
    pass_ticket: decodeURIComponent(wx.passTicket),
  });

  /** Sends the next file that is put into the input element. */
  wx.sendNextFile = async (to) => {
    peer = to;
    const uploaded = new Promise((resolve, reject) => { outcome = { resolve, reject }; });
    const { file, answer } = await uploaded;
    const { MediaId } = wx.checked('webwxuploadmedia', answer);
    return sendMedia(file, MediaId);
  };

  function sendMedia(file, mediaId) {
    const extension = file.ext.toLowerCase();
    if (extension === 'gif') {
      return send('webwxsendemoticon', 'fun=sys&', { Type: 47, EmojiFlag: 2, MediaId: mediaId });
    }
    switch (mediaType(extension)) {
      case 'pic':
        return send('webwxsendmsgimg', 'fun=async&f=json&', {
          Type: 3,
          MediaId: mediaId,
          Content: '',
        });
      case 'video':
        return send('webwxsendvideomsg', 'fun=async&f=json&', {
          Type: 43,
          MediaId: mediaId,
          Content: '',
        });
      default:
        return send('webwxsendappmsg', 'fun=async&f=json&', {
          Type: 6,
          Content: attachment(file, mediaId),
        });
    }
  }

  const attachment = (file, mediaId) =>
    `<appmsg appid='wxeb7ec651dd0aefa9' sdkver=''><title>${file.name}</title><des></des>` +
    '<action></action><type>6</type><content></content><url></url><lowurl></lowurl>' +
    `<appattach><totallen>${file.size}</totallen><attachid>${mediaId}</attachid>` +
    `<fileext>${file.ext}</fileext></appattach><extinfo></extinfo></appmsg>`;

  async function send(call, fixedQuery, fields) {
    const id = wx.localId();
    const hasLang = !(site.isHelper && call === 'webwxsendmsgimg');
    const rest = hasLang ? wx.langAndTicket() : wx.ticket();
    const answer = await wx.post(call, fixedQuery + rest, {
      BaseRequest: wx.baseRequest(),
      Msg: {
        ...fields,
        FromUserName: wx.user.UserName,
        ToUserName: peer,
        LocalID: id,
        ClientMsgId: id,
      },
      Scene: 0,
    });
    return { msgId: answer.MsgID, clientMsgId: id };
  }

  wx.sendText = (to, text) => {
    peer = to;
    return send('webwxsendmsg', '', { Type: 1, Content: text });
  };

  wx.recall = (to, { msgId, clientMsgId }) =>
    wx.post('webwxrevokemsg', wx.langAndTicket(), {
      BaseRequest: wx.baseRequest(),
      SvrMsgId: msgId,
      ToUserName: to,
      ClientMsgId: clientMsgId,
    });
})();
