/**
 * One signature per algorithm that is known to be good: what the platform must verify before it is trusted with the algorithm.
 * Made once with keys that were thrown away.
 */

/** The signed octets, as text. */
export const KNOWN_ANSWER_TEXT = 'hawser crypto self-test';

/** A public key in DNSKEY form and a good signature over the text, both base64. */
interface KnownAnswer {
  readonly algorithm: number;
  readonly publicKey: string;
  readonly signature: string;
}

const RSA_KEY =
  'AwEAAbVHYPoupcYWENWFR7b0129MJMC7MdLbDSFO+en8fpwsTngkL59GSV1nDxvGcpfgfHUhLXXJSExSryZSQiu7fJQcA0XHQNqmhc1VxlVLyuE33iCNLabXL+UzY6SAiU37sB/TKLuwHeCn71YV3J5/XHC9yKlq6rI7ThKTKtixb4B5';
const DSA_KEY =
  'CLEvCu3KsTyAlqtYQevQlUUWatATz5zDk/h4rBYXCo15p3VJvfWFj9pMcMRAQ8aDCvKDZ/UYa0FamxtIes53Z9OsiqGwZlAXxTd1P6EK7hhhsO4dWJsxTGuD61env6/5DLhNeG1HJZ0GUN07FIWkRy4qT7eqM2Ph7KaHKml0l4pGpVNBIlVrTvcXcyDrmhTg9Hyh653NZq46MV6h8NG/xIoSDSGfLHtHQFjTVVh48EySWbU+EAPO/kZQH85qsiANnohyIzNAPQLy2yFBKU9ih8E+RXRw1yuxtB9GcY9kHrgxuJcGwLZKSB8gKoW/l3ki4Rs+UMvL15LxPxKc9iR2lljS7NYcIMWD2JsahYkT2mDUyGHlwih0lF0aNZ4xtO5DHUNnmczsfa9I4GhbMnLMcSLEgmExNBfrmX+3//iUUk4CsuDhiNFXOatkY6qi9tz9cSqIYF0S6IILBUGneZYWzJiV2sW/as2OdSR0ivxTM6N57eiCITZ1Waga3hcR2CP8ESyPBxPoZ7g5ymVrgMEEypd4UyFu';
const DSA_SIGNATURE = 'CG3ymQDKqaTTlNh95aViJa5ZIMHzCk5aw9yCCsZ++hCn+8PWdzRgnVA=';

/** One per algorithm. */
export const KNOWN_ANSWERS: readonly KnownAnswer[] = [
  {
    algorithm: 5,
    publicKey: RSA_KEY,
    signature:
      'rllWY2WFCHQYCHrdwSBVysElY4fl6xBpPNNwVoRP2/K60QeYtZHoD/1izRSDDNLr07zvfX4/erMI1EhAQwsvo6ffgBB/cf3XeYzB2D8/xrd4sVJRdsJ9JWXQk6qSX3gYC8+Rwo3HbnQCudcPuFCf1YSzw+PPIdPlK3mDbGwuSIc=',
  },
  {
    algorithm: 7,
    publicKey: RSA_KEY,
    signature:
      'rllWY2WFCHQYCHrdwSBVysElY4fl6xBpPNNwVoRP2/K60QeYtZHoD/1izRSDDNLr07zvfX4/erMI1EhAQwsvo6ffgBB/cf3XeYzB2D8/xrd4sVJRdsJ9JWXQk6qSX3gYC8+Rwo3HbnQCudcPuFCf1YSzw+PPIdPlK3mDbGwuSIc=',
  },
  {
    algorithm: 8,
    publicKey: RSA_KEY,
    signature:
      'AISs60Bpgkjv5LbzFFGeJIPbqaUK6kD6uUGD2Cc0tnP6ZASmXjDYnOFsWDjmW2QR/2/V8+3ityxqQSerXXGPvydkFoXwRypSZT+GE2hGDXd3HVUs/WUbjWoRuDDe+wJV7Qv+3wLIFmvN0PchE7qvjdumqNqDae4TBH0plzpW6Ig=',
  },
  {
    algorithm: 10,
    publicKey: RSA_KEY,
    signature:
      'drKmJH8KTb0H3rvXyfc19aJAIBTku85BF235HZuC/KhSIVL78LjMIpesao9G+XbZyLUDs889uc9E2LxMA8mwG0Rnocb5x14T08mfHN944aIXqeGBASY+6FYMOMTxxbsPrBTf/sc+AQm9qnF0Y1gpAo/IDJgZL9jnM1+oROWq99U=',
  },
  {
    algorithm: 13,
    publicKey: 'IyNpvfMT5v3Y4rTpJw7Sxfgyk2vydlfX9i1ZiXb2aAQYJkdRsiYPHRT1wtq4sJA6OsLqGY+RLDyRisv8qpv4Kg==',
    signature: 'XkYyFNB6DqNVHIG07g0sA6J8bsjPd687A0/W9P2U9k4b6P7V2X4sXUejAZ2tiuLpxf68TzKOTaS9WBeNy/QEbw==',
  },
  {
    algorithm: 14,
    publicKey:
      'Srh4ArhpL4znJYHD4+z2zVb2nRCrda1fUeLpbNTqPXBLUQGcsbkj8ShpC0ifaGXzzsuXVzOJhRbqpTczjqZYF7MMQtszqKYKe1IAQwpgHYhOWAsS6jDWDJWVT45D/1P9',
    signature:
      'p04ukeVEyxYeD5T29iwivhIVJBoKcp1CDiOJX6N5se2nYUMhZMQ5ORsH44BHhD0PfVhxnK37FUC3z5YLMJKaoRzgJd+CsyGktRyFLtmPCubvhYqpJvKsmbhZ3xYv9MlE',
  },
  {
    algorithm: 15,
    publicKey: 'aEH8IEMuiNecuU1jbx2RpGNzuaYmwF3qpB2acl7uVm8=',
    signature: 'MxVsyOSnB97Rka/rtrAOSJQdVD5nKbgzRkEowYZY2lzV2ukc12ga8NFYPbcG6ojZhAGNJfm2NMU3U1Fy67UKCQ==',
  },
  {
    algorithm: 16,
    publicKey: 'J49Y9BVvlPVXaili5xNOZXUZ4fowyQhBEODs/LqpAgqp3qBsKTNErCrFmfJvgfhpe/He3Mr5ugKA',
    signature:
      'JYjLMxXZzj66f7eNCAaTvr7Fl1y8LN4Zln3PqbCGdSvZlFVCDu8OcQgR5pWUTtNOSVi20wvPZDeACPQDUXP3olDIO+cD5RY/yZix0WtqJJ7op9kvgZbbDlDZqq4ZXWWmK5ONw61Y0iE1UQmwCgKO9RIA',
  },
  { algorithm: 3, publicKey: DSA_KEY, signature: DSA_SIGNATURE },
  { algorithm: 6, publicKey: DSA_KEY, signature: DSA_SIGNATURE },
];

/** Digests of the text, hex. */
export const KNOWN_DIGESTS = {
  sha1: 'bb3c0fb9cc41dd6f9ab307c475a5a31f58024ce2',
  sha256: '85a60a64d147a60f26649542edbc723039bfcaf1f12989193491e9e00417b843',
  sha384: 'ff1cfceeb170ec6af8232fb61e78c7c11e48ab5a0de48cba403d6a6dfc27fa079f5dbfe6bf8e3b91a43dcfc8afb32f4f',
  sha512:
    '7a5b3d1376424b69a939b5fb2dff25cce28d2e0c313090fe598808f0d25466cca5f404a55c0ef7118b9c17da846fa12e06ca9444f7471fe322733a00c2de31f4',
} as const;
