"""Drives itchat and its forks by their module-level functions, which are alike in all of them."""

import html
import html.parser
import importlib
import os
import sys

from driver import Client, Received, Refused


def restore_unescape():
    """itchat up to 1.3.10 calls HTMLParser.unescape on each message; Python 3.9 removed it."""
    html.parser.HTMLParser.unescape = staticmethod(html.unescape)


def expose_vendored():
    """efb-wechat-slave keeps its itchat in a subpackage; importing that would load the bridge."""
    (root,) = importlib.util.find_spec("efb_wechat_slave").submodule_search_locations
    sys.path.insert(0, os.path.join(root, "vendor"))


def ok(reply):
    """itchat's ReturnValue is false unless `Ret` is 0."""
    if not reply:
        response = reply["BaseResponse"]
        raise Refused(f"Ret {response.get('Ret')} {response.get('RawMsg')}".strip())
    return reply


class Itchat(Client):
    packages = ("itchat", "efb_wechat_slave")

    def __init__(self, name, prepare=None):
        super().__init__(name)
        self.prepare = prepare

    def login(self):
        if self.prepare:
            self.prepare()
        self.itchat = importlib.import_module("itchat")
        # The callback for the QR code prevents it from being opened in an image viewer, and the
        # callback for the login prevents the screen from being cleared.
        self.itchat.auto_login(
            qrCallback=lambda **_: None, loginCallback=lambda: None, exitCallback=lambda: None
        )
        content = importlib.import_module("itchat.content")
        kinds = [content.TEXT, content.PICTURE, content.VIDEO, content.RECORDING]
        self.itchat.msg_register(kinds, isFriendChat=True, isGroupChat=True)(self.received)
        self.itchat.run(blockThread=False)
        return {"me": self.itchat.search_friends()["NickName"]}

    def received(self, message):
        text = message["Text"]
        self.inbox.put(Received(
            id=str(message["MsgId"]),
            text=text if isinstance(text, str) else "",
            member=message.get("ActualNickName", ""),
            save=lambda path: ok(message.download(path)),
        ))

    def contacts(self):
        friends = self.itchat.get_friends(update=True)
        self.friend = self.itchat.search_friends(nickName=self.names["friend"])[0]["UserName"]
        return {
            "names": [f[key] for f in friends for key in ("NickName", "RemarkName") if f.get(key)],
            "rooms": [room["NickName"] for room in self.itchat.get_chatrooms()],
        }

    def text(self):
        self.sent = ok(self.itchat.send(self.hello(), self.friend))
        return {"text": self.hello()}

    def image_small(self):
        ok(self.itchat.send_image(self.given("small.jpg"), self.friend))
        return {}

    def image_large(self):
        ok(self.itchat.send_image(self.given("large.jpg"), self.friend))
        return {}

    def file(self):
        ok(self.itchat.send_file(self.given("notes.txt"), self.friend))
        return {}

    def gif(self):
        ok(self.itchat.send_image(self.given("anim.gif"), self.friend))
        return {}

    def video(self):
        ok(self.itchat.send_video(self.given("clip.mp4"), self.friend))
        return {}

    def recall(self):
        id = self.sent["MsgID"]
        ok(self.itchat.revoke(id, self.friend, localId=self.sent["LocalID"]))
        return {"msg_id": id}

    def avatar(self):
        path = os.path.abspath("avatar.jpg")
        ok(self.itchat.get_head_img(userName=self.friend, picDir=path))
        return {"path": path}

    def logout(self):
        ok(self.itchat.logout())
        return {}
