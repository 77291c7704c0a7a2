// The official web page.
'use strict';

const { driveBrowser } = require('./browser');

driveBrowser('browser-web', {
  page: 'https://wx.qq.com/?lang=zh_CN',
  appId: 'wx782c26e4c19acffb',
  login: 'https://login.wx.qq.com',
  file: 'https://file.wx.qq.com',
  push: 'https://webpush.wx.qq.com',
  isHelper: false,
}, {});
