"""Drives wxpy and bl-wxpy, which has properties where wxpy has methods, and names of its own."""

import os

from driver import Client, Received
from itchat_driver import restore_unescape


class Wxpy(Client):
    """wxpy 0.3.9.8 over itchat 1.2.32."""

    packages = ("wxpy", "itchat")
    nickname = "nick_name"

    def start(self):
        restore_unescape()
        import wxpy

        # The callback for the QR code prevents it from being opened in an image viewer, and the
        # callback for the login prevents the screen from being cleared.
        return wxpy.Bot(
            qr_callback=lambda **_: None, login_callback=lambda: None, logout_callback=lambda: None
        )

    def lists(self):
        return self.bot.friends(update=True), self.bot.groups()

    def login(self):
        self.bot = self.start()
        self.bot.register()(self.received)
        return {"me": getattr(self.bot.self, self.nickname)}

    def received(self, message):
        self.inbox.put(Received(
            id=str(message.id),
            text=message.text,
            member=message.member.name if message.member else "",
            save=message.get_file,
        ))

    def contacts(self):
        friends, rooms = self.lists()
        self.friend = friends.search(**{self.nickname: self.names["friend"]})[0]
        names = [getattr(f, key) for f in friends for key in (self.nickname, "remark_name")]
        return {
            "names": [name for name in names if name],
            "rooms": [getattr(room, self.nickname) for room in rooms],
        }

    def text(self):
        self.sent = self.friend.send(self.hello())
        return {"text": self.hello()}

    def image_small(self):
        self.friend.send_image(self.given("small.jpg"))
        return {}

    def image_large(self):
        self.friend.send_image(self.given("large.jpg"))
        return {}

    def file(self):
        self.friend.send_file(self.given("notes.txt"))
        return {}

    def gif(self):
        self.friend.send_image(self.given("anim.gif"))
        return {}

    def video(self):
        self.friend.send_video(self.given("clip.mp4"))
        return {}

    def recall(self):
        self.sent.recall()
        return {"msg_id": str(self.sent.id)}

    def avatar(self):
        path = os.path.abspath("avatar.jpg")
        self.friend.get_avatar(path)
        return {"path": path}

    def logout(self):
        self.bot.logout()
        return {}


class BlWxpy(Wxpy):
    """bl-wxpy 0.6.13, a client of its own without itchat."""

    nickname = "nickname"

    def start(self):
        import wxpy

        return wxpy.Bot(hooks={"show_qrcode": lambda core: None})

    def lists(self):
        return self.bot.friends, self.bot.groups

    def gif(self):
        self.friend.send_sticker(self.given("anim.gif"))
        return {}
