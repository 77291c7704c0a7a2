// Code that all Node drivers share: the control connection to the runner, the order of the steps,
// and their deadlines. A driver is started as `NODE_PATH=DEST/node_modules node CLIENT.js`, where
// install.sh put the clients into DEST.
'use strict';

const diagnostics = require('node:diagnostics_channel');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const readline = require('node:readline');

const STEPS = [
  'login', 'contacts', 'sync', 'receive', 'receive-video', 'receive-voice', 'text',
  'image-small', 'image-large', 'file', 'gif', 'video', 'recall', 'avatar', 'logout',
];
const STEP_MS = 20_000;
const RUN_MS = 55_000;

const FILES = {
  'image-small': 'small.jpg',
  'image-large': 'large.jpg',
  file: 'notes.txt',
  gif: 'anim.gif',
  video: 'clip.mp4',
};

/** The path of the file that `step` sends. */
const fileOf = (step) => path.join(process.env.WX_FILES, FILES[step]);

/** Writes what a client downloaded, and returns what the runner wants to see. */
function saved(name, bytes) {
  const file = path.resolve(name);
  fs.writeFileSync(file, bytes);
  return { path: file };
}

/** One answered line at a time on the plain socket to the runner. */
class Control {
  constructor(address) {
    const [host, port] = address.split(':');
    this.socket = net.connect(Number(port), host);
    this.waiting = [];
    this.socket.on('error', (error) => this.lost(error.message));
    this.socket.on('close', () => this.lost('closed'));
    const answers = readline.createInterface({ input: this.socket });
    answers.on('line', (line) => this.waiting.shift()?.(JSON.parse(line)));
  }

  say(line) {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.socket.write(`${JSON.stringify(line)}\n`);
    });
  }

  lost(why) {
    console.error(`control connection: ${why}`);
    process.exit(1);
  }
}

/** Messages that arrive before or after somebody waits for them. */
class Inbox {
  messages = [];
  waiting = [];

  put(message) {
    const index = this.waiting.findIndex(({ wanted }) => wanted(message));
    if (index < 0) this.messages.push(message);
    else this.waiting.splice(index, 1)[0].resolve(message);
  }

  take(wanted) {
    const index = this.messages.findIndex(wanted);
    if (index >= 0) return this.messages.splice(index, 1)[0];
    return new Promise((resolve) => this.waiting.push({ wanted, resolve }));
  }
}

/**
 * Resolves when the client has the whole answer of its next request to `call`.
 * For client calls that do not return the promise of their request.
 */
function answered(call) {
  return new Promise((resolve) => {
    const channel = 'http.client.response.finish';
    const listen = ({ request }) => {
      if (!request.path.includes(`/${call}`)) return;
      diagnostics.unsubscribe(channel, listen);
      resolve();
    };
    diagnostics.subscribe(channel, listen);
  });
}

/** Resolves with the first true value of `condition`, for what a client has no event for. */
async function until(condition) {
  for (;;) {
    const value = await condition();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function within(ms, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end within ${Math.ceil(ms / 1000)} s`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** One line, with the place in the client where the error was made. */
function describe(error) {
  const place = /node_modules\/((?!puppeteer)[^\s()]+:\d+):\d+/.exec(error?.stack ?? '');
  const text = `${error?.name ?? 'Error'}: ${error?.message ?? error}`.replace(/\s+/g, ' ');
  return place ? `${text} (${place[1]})` : text;
}

/**
 * Walks `client` through the steps and ends the process.
 *
 * `client.steps` has a function for each step, which returns what the runner is to see, or a text:
 * why the client has no such call. The functions get `ask` (a question to the runner) and `names`
 * (the nicknames to look for). `client.close` ends what must not outlive the driver.
 */
async function drive(client) {
  const control = new Control(process.env.WX_CONTROL);
  const end = Date.now() + RUN_MS;
  const ask = (question) => control.say({ ask: question });
  const context = {
    ask,
    names: await ask('names'),
    greeting: `hello from ${client.name} 你好 <&>`,
  };
  let isIn = false;

  const outcome = async (step) => {
    const act = client.steps[step];
    if (typeof act === 'string') return { lacks: act };
    if (step !== 'login' && !isIn) return { error: 'not logged in' };
    const left = end - Date.now();
    if (left <= 0) return { error: 'no time left for this step' };
    try {
      const saw = await within(Math.min(STEP_MS, left), act(context));
      if (step === 'login') isIn = true;
      return { saw };
    } catch (error) {
      console.error(step, error);
      return { error: describe(error) };
    }
  };

  for (const step of STEPS) {
    const verdict = await control.say({ step, ...(await outcome(step)) });
    if (verdict.ok === false) console.error(`${step}: ${verdict.why}`);
  }
  await Promise.race([client.close?.(), new Promise((resolve) => setTimeout(resolve, 2_000))]);
  await control.say({ done: true });
  process.exit(0);
}

module.exports = { Inbox, answered, drive, fileOf, saved, until };
