// wechaty-puppet-wechat4u, the puppet alone, without wechaty. Its HTTP library (axios, through
// wechat4u) honours HTTPS_PROXY.
'use strict';

const path = require('node:path');
const { FileBox } = require('file-box');
const { PuppetWechat4u } = require('wechaty-puppet-wechat4u');
const { Inbox, answered, drive, fileOf, until } = require('./driver');

const puppet = new PuppetWechat4u();
const inbox = new Inbox();
puppet.on('message', ({ messageId }) => inbox.put(messageId));
puppet.on('error', (error) => console.error(error));

let friend;

async function sendFile(step) {
  await puppet.messageSendFile(friend, FileBox.fromFile(fileOf(step)));
  return {};
}

async function saved(name, box) {
  await box.toFile(name, true);
  return { path: path.resolve(name) };
}

const arrived = async ({ msg_id }) =>
  puppet.messagePayload(await inbox.take((id) => id === msg_id));

const receive = (what, file) => async ({ ask }) => {
  const { id } = await arrived(await ask(what));
  return saved(file, await puppet.messageFile(id));
};

const payloads = async (ids, payload) => Promise.all(ids.map((id) => payload.call(puppet, id)));

drive({
  name: 'puppet-wechat4u',
  steps: {
    async login() {
      await new Promise((resolve, reject) => {
        puppet.once('login', resolve);
        puppet.once('error', ({ data }) => reject(new Error(data)));
        puppet.start().catch(reject);
      });
      return { me: (await puppet.contactPayload(puppet.currentUserId)).name };
    },

    async contacts({ names }) {
      let contacts;
      friend = await until(async () => {
        contacts = await payloads(await puppet.contactList(), puppet.contactPayload);
        return contacts.find(({ name }) => name === names.friend)?.id;
      });
      const rooms = await payloads(await puppet.roomList(), puppet.roomPayload);
      const card = await until(async () => (await puppet.memory.size) > 0 && puppet.memory.payload);
      return {
        names: contacts.map(({ alias, name }) => alias || name),
        rooms: rooms.map(({ topic }) => topic),
        saved: card,
      };
    },

    async sync({ ask }) {
      const first = await arrived(await ask('text'));
      const second = await arrived(await ask('room-text'));
      const member = await puppet.roomMemberPayload(second.roomId, second.talkerId);
      return { texts: [first.text, second.text], member: member.name };
    },

    // Do not use messageImage. It reads the bytes as a stream, so it fails with any server.
    receive: receive('image', 'picture.jpg'),
    'receive-video': receive('video', 'clip.mp4'),
    'receive-voice': receive('voice', 'voice.mp3'),

    async text({ greeting }) {
      await puppet.messageSendText(friend, greeting);
      return { text: greeting };
    },

    'image-small': () => sendFile('image-small'),
    'image-large': () => sendFile('image-large'),
    file: () => sendFile('file'),
    gif: () => sendFile('gif'),
    video: () => sendFile('video'),

    recall: 'messageSendText returns no id, and messageRecall needs one',

    async avatar() {
      return saved('avatar.jpg', await puppet.contactAvatar(friend));
    },

    async logout() {
      const loggedOut = answered('webwxlogout');
      await puppet.stop();
      await loggedOut;
      return {};
    },
  },
});
