"""evolution-ews as a client of the tests (see client.ts). Its settings are JSON in the environment variable CLIENT."""
import json
import os
import threading

import gi

gi.require_version("EBook", "1.2")
gi.require_version("EBookContacts", "1.2")
gi.require_version("EDataServer", "1.2")
from gi.repository import EBook, EBookContacts, EDataServer, GLib  # noqa: E402
from spoken import speak  # noqa: E402

SETTINGS = json.loads(os.environ["CLIENT"])
PLAIN = {
    "GivenName": "given_name",
    "Surname": "family_name",
    "JobTitle": "title",
    "EmailAddress1": "email_1",
    "MobilePhone": "mobile_phone",
    "BusinessPhone": "business_phone",
    "CompanyName": "org",
    "Body": "note",
}
NOT_FOUND = 1  # E_BOOK_CLIENT_ERROR_CONTACT_NOT_FOUND, which the bindings do not name.
BOOKS = {}


def give_password(_, source, *about):
    """Answers a backend that asks for credentials."""
    credentials = EDataServer.NamedParameters.new()
    credentials.set("username", SETTINGS["user"])
    credentials.set("password", SETTINGS["password"])
    source.invoke_authenticate(credentials, None, None, None)


REGISTRY = EDataServer.SourceRegistry.new_sync(None)
REGISTRY.connect("credentials-required", give_password)
threading.Thread(target=GLib.MainLoop().run, daemon=True).start()


def book(place):
    """The address book of a place, opened once."""
    if place not in BOOKS:
        source = REGISTRY.ref_source(SETTINGS["books"][place])
        BOOKS[place] = EBook.BookClient.connect_sync(source, 30, None)
    return BOOKS[place]


def filled(contact, card):
    """The contact as this card."""
    for field, name in PLAIN.items():
        contact.set_property(name, card.get(field))
    full = " ".join(card[name] for name in ("GivenName", "Surname") if name in card)
    contact.set_property("full_name", full)
    contact.set_property("file_as", full)
    home = EBookContacts.ContactAddress.new()
    home.street = card.get("Street", "")
    home.locality = card.get("City", "")
    contact.set_property("address_home", home if "Street" in card or "City" in card else None)
    return contact


def card_of(contact):
    """The card of a contact; what is empty is not in it."""
    home = contact.get_property("address_home")
    card = {
        **{field: contact.get_property(name) for field, name in PLAIN.items()},
        "Street": home and home.street,
        "City": home and home.locality,
    }
    return {field: value for field, value in card.items() if value}


def create(place, card):
    contact = filled(EBookContacts.Contact.new(), card)
    _, uid = book(place).add_contact_sync(contact, 0, None)
    return uid


def found(place, id):
    _, contact = book(place).get_contact_sync(id, None)
    return contact


def read(place, id):
    try:
        return card_of(found(place, id))
    except GLib.Error as error:
        if error.domain == "e-book-client-error-quark" and error.code == NOT_FOUND:
            return None
        raise


def change(place, id, card):
    book(place).modify_contact_sync(filled(found(place, id), card), 0, None)


def delete(place, id):
    book(place).remove_contact_by_uid_sync(id, 0, None)


def every(place):
    _, contacts = book(place).get_contacts_sync("#t", None)
    return [card_of(each) for each in contacts]


def sync(place):
    book(place).refresh_sync(None)
    return every(place)


speak(
    {
        "create": create,
        "read": read,
        "change": change,
        "delete": delete,
        "list": every,
        "sync": sync,
    }
)
