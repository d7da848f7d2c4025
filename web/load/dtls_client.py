"""A DTLS client in memory (pyOpenSSL): datagrams in, datagrams out.

It takes any certificate: whoever loads a server knows whom they load, and what is sent is filling.
"""

from __future__ import annotations

import datetime
from contextlib import suppress

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL

CERTIFICATE_DAYS = 30
GCM, CM80 = b"SRTP_AEAD_AES_128_GCM", b"SRTP_AES128_CM_SHA1_80"


class OpenSslClient:
    """One client; `profiles` None offers no SRTP at all."""

    def __init__(self, profiles: tuple[bytes, ...] | None = (CM80, GCM)) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = _self_signed(key)
        context = SSL.Context(SSL.DTLS_METHOD)
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
        context.use_certificate(self._certificate)
        context.use_privatekey(key)
        if profiles is not None:
            context.set_tlsext_use_srtp(b":".join(profiles))
        self.ssl = SSL.Connection(context)
        self.ssl.set_connect_state()
        self.done = False
        self.closed = False

    @property
    def fingerprints(self) -> tuple[tuple[str, str], ...]:
        """As SDP carries them."""
        return (("sha-256", self._certificate.fingerprint(hashes.SHA256()).hex(":").upper()),)

    def step(self, data: bytes | None = None) -> list[bytes]:
        """Take a datagram (None at first), go on, and give what is to be sent."""
        if data is not None:
            self.ssl.bio_write(data)
        if self.done:
            try:
                self.ssl.recv(1500)
            except SSL.ZeroReturnError:
                self.closed = True
            except SSL.Error:
                pass
        else:
            with suppress(SSL.WantReadError):
                self.ssl.do_handshake()
                self.done = True
        return self.out()

    def out(self) -> list[bytes]:
        """What OpenSSL wants to send."""
        with suppress(SSL.Error):
            return [self.ssl.bio_read(1500)]
        return []

    def keys(self) -> tuple[bytes, bytes, bytes]:
        """(profile, what we send with, what we receive with), each key with its salt."""
        profile = bytes(self.ssl.get_selected_srtp_profile())
        salt = 12 if profile == GCM else 14
        material = self.ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (16 + salt))
        keys, salts = material[:32], material[32:]
        return profile, keys[:16] + salts[:salt], keys[16:] + salts[salt:]


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "atrium load")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + CERTIFICATE_DAYS * day)
        .sign(key, hashes.SHA256())
    )
