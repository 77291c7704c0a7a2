"""run.py CLIENT: drives one released client through the steps; see README.md."""

import sys

from driver import drive
from itchat_driver import Itchat, expose_vendored, restore_unescape
from pywxclient_driver import Pywxclient
from wxpy_driver import BlWxpy, Wxpy

CLIENTS = {
    "itchat": lambda name: Itchat(name, restore_unescape),
    "itchat-uos": Itchat,
    "itchat-uos-patch": Itchat,
    "itchat-efb": lambda name: Itchat(name, expose_vendored),
    "wxpy": Wxpy,
    "bl-wxpy": BlWxpy,
    "pywxclient": Pywxclient,
}

drive(CLIENTS[sys.argv[1]](sys.argv[1]))
