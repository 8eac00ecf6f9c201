"""exchangelib as a client of the tests (see client.ts). Its settings are JSON in the environment variable CLIENT."""
import json
import os
from functools import partial

import exchangelib as ex
from exchangelib.errors import ErrorItemNotFound
from exchangelib.transport import AUTH_TYPE_MAP
from exchangelib.version import EXCHANGE_2016
from requests_ntlm import HttpNtlmAuth
from spoken import speak

SETTINGS = json.loads(os.environ["CLIENT"])
PLAIN = {
    "GivenName": "given_name",
    "Surname": "surname",
    "CompanyName": "company_name",
    "JobTitle": "job_title",
}


class Application(ex.OAuth2Credentials):
    """An application's credentials at the issuer of the tests."""

    token_url = SETTINGS["issuer"]
    scope = [SETTINGS["url"]]


def credentials():
    """What the way of signing in needs, and its name in exchangelib."""
    if SETTINGS["way"] == "OAuth":
        app = SETTINGS["app"]
        return Application(client_id=app["id"], client_secret=app["secret"]), ex.OAUTH2
    ways = {"Basic": ex.BASIC, "NTLM": ex.NTLM}
    return ex.Credentials(SETTINGS["user"], SETTINGS["password"]), ways[SETTINGS["way"]]


def account():
    """Anna's account, without autodiscovery."""
    given, auth_type = credentials()
    if not SETTINGS["cbt"]:
        AUTH_TYPE_MAP[ex.NTLM] = partial(HttpNtlmAuth, send_cbt=False)
    config = ex.Configuration(
        service_endpoint=SETTINGS["url"],
        credentials=given,
        auth_type=auth_type,
        version=ex.Version(build=EXCHANGE_2016),
    )
    return ex.Account(
        SETTINGS["mailbox"],
        config=config,
        autodiscover=False,
        access_type=ex.DELEGATE,
        default_timezone=ex.EWSTimeZone("UTC"),
    )


ANNA = account()
FOLDERS = {}
KNOWN = {}


def folder(place):
    """The folder of a place, looked up once."""
    if place not in FOLDERS:
        public = place == "public folder"
        FOLDERS[place] = (
            ANNA.public_folders_root / "Company" / "Contacts" if public else ANNA.contacts
        )
    return FOLDERS[place]


def fields(card):
    """The attributes of a contact that is this card."""
    phones = [
        ex.indexed_properties.PhoneNumber(label=label, phone_number=card[label])
        for label in ("MobilePhone", "BusinessPhone")
        if label in card
    ]
    email = card.get("EmailAddress1")
    label = "EmailAddress1"
    emails = email and [ex.indexed_properties.EmailAddress(label=label, email=email)]
    at_home = ex.indexed_properties.PhysicalAddress(
        label="Home", street=card.get("Street"), city=card.get("City")
    )
    return {
        **{name: card.get(field) for field, name in PLAIN.items()},
        # The library demands it.
        "display_name": f"{card['GivenName']} {card['Surname']}",
        "body": ex.Body(card["Body"]) if "Body" in card else None,
        "phone_numbers": phones or None,
        "email_addresses": emails or None,
        "physical_addresses": [at_home] if "Street" in card or "City" in card else None,
    }


def card_of(contact):
    """The card of a contact; what is empty is not in it."""
    home = [each for each in contact.physical_addresses or [] if each.label == "Home"]
    card = {
        **{field: getattr(contact, name) for field, name in PLAIN.items()},
        **{each.label: each.phone_number for each in contact.phone_numbers or []},
        **{each.label: each.email for each in contact.email_addresses or []},
        **({"Street": home[0].street, "City": home[0].city} if home else {}),
        "Body": contact.text_body,
    }
    return {field: value for field, value in card.items() if value}


def found(place, id):
    """The contact with this id, or None."""
    [contact] = ANNA.fetch([(id, None)], folder=folder(place))
    if isinstance(contact, ErrorItemNotFound):
        return None
    if isinstance(contact, Exception):
        raise contact
    return contact


def create(place, card):
    contact = ex.Contact(account=ANNA, folder=folder(place), **fields(card))
    return contact.save().id


def read(place, id):
    contact = found(place, id)
    return contact and card_of(contact)


def change(place, id, card):
    contact = found(place, id)
    wanted = fields(card)
    for name, value in wanted.items():
        setattr(contact, name, value)
    contact.save(update_fields=list(wanted))


def delete(place, id):
    found(place, id).delete()


def every(place):
    return [card_of(each) for each in folder(place).all()]


def sync(place):
    known = KNOWN.setdefault(place, {})
    for kind, item in folder(place).sync_items(only_fields=["id", "changekey"]):
        if kind == "delete":
            known.pop(item.id)
        else:
            known[item.id] = read(place, item.id)
    return list(known.values())


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
