/* SHA-256 of the messages that FIPS 180-4's examples give, in one piece and in many. */
#include "core/sha256.h"

#include <string.h>

#include "tests/check.h"

static void hash(const char *text, size_t piece, char hex[AFB_SHA256_HEX])
{
  afb_sha256 sha;
  size_t n = strlen(text);
  afb_sha256_begin(&sha);
  for (size_t at = 0; at < n; at += piece)
    afb_sha256_add(&sha, text + at, n - at < piece ? n - at : piece);
  afb_sha256_end(&sha, hex);
}

static void test_examples(void **state)
{
  (void)state;
  static const struct { const char *text, *hex; } example[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
  };
  char hex[AFB_SHA256_HEX];
  for (size_t i = 0; i < sizeof example / sizeof *example; i++)
    for (size_t piece = 1; piece <= 64; piece++) {
      hash(example[i].text, piece, hex);
      assert_string_equal(hex, example[i].hex);
    }
}

static void test_a_million(void **state)
{
  (void)state;
  afb_sha256 sha;
  char block[1000], hex[AFB_SHA256_HEX];
  memset(block, 'a', sizeof block);
  afb_sha256_begin(&sha);
  for (int i = 0; i < 1000; i++)
    afb_sha256_add(&sha, block, sizeof block);
  afb_sha256_end(&sha, hex);
  assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(test_examples), cmocka_unit_test(test_a_million)};
CHECK_MAIN(tests)
