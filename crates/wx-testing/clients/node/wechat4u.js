// wechat4u. Its HTTP library (axios) honours HTTPS_PROXY.
'use strict';

const fs = require('node:fs');
const Wechat = require('wechat4u');
const { Inbox, answered, drive, fileOf, saved, until } = require('./driver');

const bot = new Wechat();
const inbox = new Inbox();
bot.on('message', (message) => inbox.put(message));
bot.on('error', (error) => console.error(error));

let friend;
let sent;

async function sendFile(step) {
  await bot.sendMsg({ file: fs.createReadStream(fileOf(step)) }, friend.UserName);
  return {};
}

const receive = (what, file, get) => async ({ ask }) => {
  const { msg_id } = await ask(what);
  const message = await inbox.take(({ MsgId }) => MsgId === msg_id);
  const { data } = await get(message.MsgId);
  return saved(file, data);
};

drive({
  name: 'wechat4u',
  steps: {
    async login() {
      await new Promise((resolve, reject) => {
        bot.once('login', resolve);
        bot.once('error', reject);
        bot.start();
      });
      return { me: bot.user.NickName };
    },

    async contacts({ names }) {
      const contacts = () => Object.values(bot.contacts);
      friend = await until(() =>
        contacts().find((contact) => contact.NickName === names.friend));
      const [rooms, others] = [true, false].map((isRoom) =>
        contacts().filter((contact) => bot.Contact.isRoomContact(contact) === isRoom));
      return {
        names: others.map((contact) => contact.getDisplayName()),
        rooms: rooms.map((room) => room.NickName),
        saved: bot.botData,
      };
    },

    async sync({ ask }) {
      const text = await ask('text');
      const first = await inbox.take((message) => message.MsgId === text.msg_id);
      const roomText = await ask('room-text');
      const second = await inbox.take((message) => message.MsgId === roomText.msg_id);
      // The client replaces the member's id with the member's name, and leaves it in the text.
      const [, member, shown] = /^(.*?):\n([^]*)$/.exec(second.Content) ?? [];
      return { texts: [first.Content, shown ?? second.Content], member };
    },

    receive: receive('image', 'picture.jpg', (id) => bot.getMsgImg(id)),
    'receive-video': receive('video', 'clip.mp4', (id) => bot.getVideo(id)),
    'receive-voice': receive('voice', 'voice.mp3', (id) => bot.getVoice(id)),

    async text({ greeting }) {
      sent = await bot.sendMsg(greeting, friend.UserName);
      return { text: greeting };
    },

    'image-small': () => sendFile('image-small'),
    'image-large': () => sendFile('image-large'),
    file: () => sendFile('file'),
    gif: () => sendFile('gif'),
    video: () => sendFile('video'),

    async recall() {
      await bot.revokeMsg(sent.MsgID, friend.UserName);
      return { msg_id: sent.MsgID };
    },

    async avatar() {
      const { data } = await bot.getHeadImg(friend.HeadImgUrl);
      return saved('avatar.jpg', data);
    },

    async logout() {
      const loggedOut = answered('webwxlogout');
      bot.stop();
      await loggedOut;
      return {};
    },
  },
});
