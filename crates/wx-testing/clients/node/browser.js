// Headless Chromium on a test page at the official page's address, with the official upload
// library.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const puppeteer = require('puppeteer-core');
const { drive, fileOf, saved } = require('./driver');

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--lang=zh-CN', '--accept-lang=zh-CN',
  // Chromium sends requests to Google in spite of the flags above. They fail, because neither the
  // proxy nor a resolver finds the hosts.
  '--proxy-bypass-list=*.google.com;*.googleapis.com;*.gstatic.com;*.gvt1.com',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

const SCRIPTS = [
  require.resolve('jquery'),
  path.join(path.dirname(require.resolve('webuploader')), 'webuploader.js'),
  ...['requests', 'session', 'sending'].map((name) => path.join(__dirname, 'page', `${name}.js`)),
];

function executable() {
  const named = process.env.WX_CHROMIUM;
  const places = process.env.PATH.split(':').map((folder) => path.join(folder, 'chromium'));
  const found = [named, ...places].find((file) => file && fs.existsSync(file));
  if (found) return found;
  console.error('no chromium on the PATH, and no WX_CHROMIUM');
  return process.exit(3);
}

/** The official page names its icon; a browser asks for /favicon.ico where a page names none. */
function nameIcon() {
  const icon = Object.assign(document.createElement('link'), { rel: 'icon', href: 'data:,' });
  document.addEventListener('DOMContentLoaded', () => document.head.append(icon));
}

/**
 * Drives the page of `site`: `appId`, the hosts `login`, `file` and `push`, `page` (its address),
 * `isHelper`. Steps that the page has not are given as texts in `lacks`.
 */
function driveBrowser(name, site, lacks) {
  const executablePath = executable();
  let browser;
  let page;
  let peer;
  let sent;

  /** Calls a function of the page scripts. */
  const inPage = (call, ...args) => page.evaluate((f, a) => window.wx[f](...a), call, args);

  async function open() {
    browser = await puppeteer.launch({
      executablePath,
      headless: true,
      pipe: true,
      defaultViewport: null,
      userDataDir: path.resolve('chromium'),
      env: { ...process.env, TZ: 'Asia/Shanghai' },
      args: [
        ...FLAGS,
        `--proxy-server=${process.env.WX_PROXY}`,
        `--ignore-certificate-errors-spki-list=${process.env.WX_SPKI}`,
      ],
    });
    [page] = await browser.pages();
    page.on('console', (message) => console.log('page:', message.text()));
    page.on('pageerror', (error) => console.log('page:', error.message));
    const devtools = await page.createCDPSession();
    await devtools.send('Emulation.setLocaleOverride', { locale: 'zh-CN' });
    await page.evaluateOnNewDocument(nameIcon);
    await page.goto(site.page);
    await page.evaluate((value) => { window.wx = { site: value }; }, site);
    for (const script of SCRIPTS) await page.addScriptTag({ path: script });
  }

  /** Shows an image in the page and keeps what the browser got. */
  async function shown(target, file) {
    const url = new URL(target, site.page).href;
    const answer = page.waitForResponse((response) => response.url() === url);
    await inPage('image', target);
    return saved(file, await (await answer).buffer());
  }

  /** Lets a media element of the page load a recording, and keeps what the browser got. */
  const played = (what, file) => async ({ ask }) => {
    const { msg_id } = await ask(what);
    await inPage('message', msg_id);
    const target = await inPage('recordingTarget', what, msg_id);
    const url = new URL(target, site.page).href;
    const answer = page.waitForResponse((response) => response.url() === url);
    await inPage('play', what, target);
    return saved(file, await (await answer).buffer());
  };

  const sendFile = (step) => async () => {
    const done = inPage('sendNextFile', peer);
    const input = await page.$('#picker input[type=file]');
    await input.uploadFile(fileOf(step));
    await done;
    return {};
  };

  const steps = {
    async login() {
      await open();
      const me = await inPage('logIn');
      // This is not awaited, because it runs concurrently with the steps.
      await page.evaluate(() => { window.wx.keepInSync(); });
      await inPage('openUploader');
      if (site.isHelper) peer = 'filehelper';
      return { me };
    },

    async contacts({ names }) {
      const contacts = await inPage('loadContacts');
      peer = (await inPage('find', names.friend)).UserName;
      return contacts;
    },

    async sync({ ask }) {
      const first = await inPage('message', (await ask('text')).msg_id);
      if (site.isHelper) return { texts: [first.text] };
      const second = await inPage('message', (await ask('room-text')).msg_id);
      return { texts: [first.text, second.text], member: second.member };
    },

    async receive({ ask }) {
      const { msg_id } = await ask('image');
      await inPage('message', msg_id);
      const target = await inPage('imageTarget', msg_id);
      await inPage('image', `${target}&type=slave`);
      return shown(target, 'picture.jpg');
    },

    'receive-video': played('video', 'clip.mp4'),
    'receive-voice': played('voice', 'voice.mp3'),

    async text({ greeting }) {
      await inPage('notify', 1, peer);
      sent = await inPage('sendText', peer, greeting);
      return { text: greeting };
    },

    'image-small': sendFile('image-small'),
    'image-large': sendFile('image-large'),
    file: sendFile('file'),
    gif: sendFile('gif'),
    video: sendFile('video'),

    async recall() {
      await inPage('recall', peer, sent);
      return { msg_id: sent.msgId };
    },

    async avatar({ names }) {
      const { HeadImgUrl } = await inPage('find', names.friend);
      return shown(HeadImgUrl, 'avatar.jpg');
    },

    async logout() {
      const left = page.waitForNavigation();
      await inPage('logOut');
      await left;
      return {};
    },
  };

  drive({ name, steps: { ...steps, ...lacks }, close: () => browser?.close() });
}

module.exports = { driveBrowser };
