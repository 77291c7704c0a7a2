"""Drives pywxclient, which leaves the loops, of the login and of the messages, to its user."""

import os
import threading
import time

from driver import Client, Lacks, Received


class Pywxclient(Client):
    packages = ("pywxclient",)

    def login(self):
        from pywxclient import contrib, core
        from pywxclient.core import contact, exception

        self.core, self.contact, self.contrib, self.exception = core, contact, contrib, exception
        # By default, it picks one of two hosts at random.
        self.client = core.SyncClient(core.Session(endpoint="wx.qq.com"))
        self.client.get_authorize_url()
        while not self.authorized():
            pass
        self.client.login()
        self.me = self.client.user["UserName"]
        self.running = True
        threading.Thread(target=self.receive_loop, daemon=True).start()
        return {"me": self.client.user["NickName"]}

    def authorized(self):
        """One long poll."""
        try:
            return self.client.authorize()
        except self.exception.WaitScanQRCode:
            return False

    def receive_loop(self):
        while self.running:
            try:
                if self.client.sync_check():
                    for message in self.client.sync_message()["AddMsgList"]:
                        self.received(message)
                    self.client.flush_sync_key()
            except Exception:
                if self.running:
                    raise

    def received(self, raw):
        try:
            message = self.core.parse_message(raw)
        except self.exception.UnsupportedMessage:
            return

        def save(path):
            with open(path, "wb") as file:
                file.write(self.client.get_message_media(message).content)

        # It leaves the sender's UserName in front of a room's text and resolves no names.
        self.inbox.put(Received(message.msg_id, text=message.message, member="", save=save))

    def receive_video(self):
        raise Lacks("get_message_media in pywxclient/core/client.py has no videos")

    def contacts(self):
        book = self.contact.WechatContact(self.client.get_contact())
        people = book.personal_contacts
        self.friend = next(p for p in people if p["NickName"] == self.names["friend"])
        return {
            "names": [p[key] for p in people for key in ("NickName", "RemarkName") if p[key]],
            "rooms": [room["NickName"] for room in book.group_contacts],
        }

    def message(self, kind, *content):
        return kind(self.me, self.friend["UserName"], *content)

    def send(self, kind, *content):
        # Its message ids are the time in seconds, so each second has room for one message.
        second = int(time.time())
        while int(time.time()) == second:
            time.sleep(0.01)
        self.client.send_message(self.message(kind, *content))

    def upload(self, name):
        file = self.contrib.LocalFile(self.given(name))
        return file, self.client.upload(file, self.friend["UserName"])

    def text(self):
        self.send(self.core.TextMessage, self.hello())
        return {"text": self.hello()}

    def image_small(self):
        # Checks whether two messages of the same second are distinct.
        media_id = self.upload("small.jpg")[1]
        times = ()
        while len(set(times)) != 1:
            caption = self.message(self.core.TextMessage, "a caption")
            image = self.message(self.core.ImageMessage, media_id)
            times = caption.create_time, image.create_time
        self.client.send_message(caption)
        self.client.send_message(image)
        return {}

    def image_large(self):
        self.send(self.core.ImageMessage, self.upload("large.jpg")[1])
        return {}

    def file(self):
        file, media_id = self.upload("notes.txt")
        self.send(self.core.FileMessage, media_id, file.name, file.size, file.ext)
        return {}

    def gif(self):
        self.send(self.core.GifImageMessage, self.upload("anim.gif")[1])
        return {}

    def video(self):
        self.send(self.core.VideoMessage, self.upload("clip.mp4")[1])
        return {}

    def recall(self):
        raise Lacks("no call for webwxrevokemsg in pywxclient/core/api.py")

    def avatar(self):
        path = os.path.abspath("avatar.jpg")
        with open(path, "wb") as file:
            file.write(self.client.get_icon(self.friend["HeadImgUrl"]).content)
        return {"path": path}

    def logout(self):
        self.running = False
        self.client.logout()
        return {}
