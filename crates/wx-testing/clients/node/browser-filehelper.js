// The File Transfer Helper's page: one peer, `filehelper`, and no contacts.
'use strict';

const { driveBrowser } = require('./browser');

driveBrowser('browser-filehelper', {
  page: 'https://szfilehelper.weixin.qq.com/',
  appId: 'wx_webfilehelper',
  login: 'https://login.wx2.qq.com',
  file: 'https://file.wx2.qq.com',
  push: 'https://szfilehelper.weixin.qq.com',
  isHelper: true,
}, {
  contacts: 'the page has no contacts',
  recall: 'the page does not offer it for filehelper',
  avatar: 'the page has no contacts',
});
