"""Accounts: sign up, check a password, look up, change the profile. Rules of names stand in `names`."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from world.storage import names
from world.storage.clock import Clock, utc_now
from world.storage.database import Database, is_id, new_id
from world.storage.models import User
from world.storage.names import BadField
from world.storage.passwords import Passwords

DEFAULT_AVATAR = "default"


class UsernameTaken(BadField):
    """Somebody has this username, in this or in another spelling."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user as others may know them."""

    id: str
    username: str
    display_name: str
    avatar: str


@dataclass(frozen=True, slots=True)
class Proof:
    """Somebody knew the password that has this hash. No proof any more once it is changed."""

    account: Account
    password_hash: str = field(repr=False)


def account_of(user: User) -> Account:
    """The account of a row."""
    return Account(user.id, user.username, user.display_name, user.avatar)


@dataclass(slots=True)
class UserStore:
    """Accounts in the database. `avatars` are the names to choose from; empty: any short slug."""

    database: Database
    passwords: Passwords
    avatars: Collection[str] = ()
    clock: Clock = field(default=utc_now)
    _first: str | None = field(default=None, init=False)

    async def create(
        self, username: str, password: str, display_name: str | None = None, avatar: str | None = None
    ) -> Account:
        """A new account.

        Raises:
            BadField: a field breaks its rule (UsernameTaken: the username is somebody's).
            Busy: too many passwords are being hashed.
        """
        shown = names.username(username)
        key = names.username_key(shown)
        secret = names.password(password)
        called = names.label("display_name", display_name, "A display name") if display_name else shown
        chosen = names.avatar(avatar, self.avatars) if avatar else self._avatar_for(key)
        async with self.database.read() as session:
            if await session.scalar(select(User.id).where(User.username_key == key)):
                raise _taken()
        user = User(
            id=new_id(),
            username=shown,
            username_key=key,
            display_name=called,
            password_hash=await self.passwords.hash(secret),
            avatar=chosen,
            created_at=self.clock(),
        )
        try:
            async with self.database.write() as session:
                session.add(user)
        except IntegrityError:
            # Two signups of one name at the same moment: the constraint decides.
            raise _taken() from None
        return account_of(user)

    async def authenticate(self, username: str, password: str) -> Proof | None:
        """Whose name and password these are, or None: an unknown name takes as long as a wrong password.

        Raises Busy.
        """
        found = await self.named(username)
        secret = unicodedata.normalize("NFC", password)
        if not await self.passwords.verify(found.password_hash if found else None, secret) or found is None:
            return None
        if self.passwords.outdated(found.password_hash):
            renewed = await self.passwords.hash(secret)
            if not await self._replace(found.account.id, found.password_hash, renewed):
                return await self.authenticate(username, password)  # another one by now, or renewed
            return Proof(found.account, renewed)
        return found

    async def named(self, username: str) -> Proof | None:
        """Whose name this is, in any spelling; a proof for who needs none, since they run the place."""
        key = names.username_key(username[: names.USERNAME_MAX * 4])
        async with self.database.read() as session:
            user = await session.scalar(select(User).where(User.username_key == key))
            return None if user is None else Proof(account_of(user), user.password_hash)

    async def get(self, user_id: str) -> Account | None:
        """The account with this id."""
        if not is_id(user_id):
            return None
        async with self.database.read() as session:
            user = await session.get(User, user_id)
            return None if user is None else account_of(user)

    async def first(self) -> str | None:
        """The id of the account that was made first; None when there is none."""
        if self._first is None:
            # Asked for once: accounts are never taken away, and later ones are later.
            async with self.database.read() as session:
                self._first = await session.scalar(
                    select(User.id).order_by(User.created_at, User.id).limit(1)
                )
        return self._first

    async def change(self, user_id: str, display_name: str | None, avatar: str | None) -> Account | None:
        """Change what is not None. Raises BadField."""
        values: dict[str, str] = {}
        if display_name is not None:
            values["display_name"] = names.label("display_name", display_name, "A display name")
        if avatar is not None:
            values["avatar"] = names.avatar(avatar, self.avatars)
        if values:
            async with self.database.write() as session:
                await session.execute(update(User).where(User.id == user_id).values(**values))
        return await self.get(user_id)

    async def set_password(self, proof: Proof, password: str) -> bool:
        """Another password from now on; False where it is another one already. Raises BadField and Busy."""
        secret = await self.passwords.hash(names.password(password))
        return await self._replace(proof.account.id, proof.password_hash, secret)

    async def password_mark(self, user_id: str) -> str:
        """Tells one password of an account from the next, and nothing about either."""
        async with self.database.read() as session:
            kept = await session.scalar(select(User.password_hash).where(User.id == user_id))
        return hashlib.sha256((kept or "").encode()).hexdigest()[:16]

    async def _replace(self, user_id: str, known: str, renewed: str) -> bool:
        """Hashing takes time: a hash takes the place of the known one only."""
        same = User.id == user_id, User.password_hash == known
        async with self.database.write() as session:
            changed = await session.execute(
                update(User).where(*same).values(password_hash=renewed).returning(User.id)
            )
            return changed.scalar_one_or_none() is not None

    def _avatar_for(self, key: str) -> str:
        """Who chose none gets one by their name, so that a room of newcomers does not look alike."""
        if not self.avatars:
            return DEFAULT_AVATAR
        return sorted(self.avatars)[sum(key.encode()) % len(self.avatars)]


def _taken() -> UsernameTaken:
    return UsernameTaken("username", "This username is taken.")
