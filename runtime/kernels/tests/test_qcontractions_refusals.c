// Every single change of a sound call that makes it unsound must be refused.
#include "test_qcontractions.h"

static uint8_t data[1 << 20];

typedef struct sound_call {
  const dlc_kernel *kernel;
  dlc_tensor operands[7];
  uint32_t count, bytes;
  int32_t words[24];
} sound_call;

// A call that refuses after `what` has been changed, and is restored then.
static void refuses(const sound_call *c, const char *what) {
  dlc_call call = {c->operands, c->words, NULL, c->count, c->bytes};
  char text[128];
  snprintf(text, sizeof text, "%s refuses %s", c->kernel->name, what);
  expect(c->kernel->check(&call) != 0, text);
}

static void change_operands(const sound_call *sound) {
  static const int32_t bad[] = {-1, INT32_MIN, INT32_MAX, 1 << 30, 77};
  char what[96];
  for (uint32_t o = 0; o < sound->count; o++) {
    for (int d = 0; d < sound->operands[o].rank; d++)
      for (size_t b = 0; b < sizeof bad / sizeof bad[0]; b++) {
        sound_call c = *sound;
        c.operands[o].dims[d] = bad[b];
        snprintf(what, sizeof what, "operand %u axis %d = %d", o, d, bad[b]);
        refuses(&c, what);
      }
    sound_call c = *sound;
    c.operands[o].pitch--;
    snprintf(what, sizeof what, "short pitch of operand %u", o);
    refuses(&c, what);
    c = *sound;
    c.operands[o].type = DLC_F64;
    snprintf(what, sizeof what, "type of operand %u", o);
    refuses(&c, what);
    c = *sound;
    c.operands[o].rank = 6;
    refuses(&c, "rank 6");
    c.operands[o].rank = 255;
    refuses(&c, "rank 255");
    c.operands[o].rank = 0;
    refuses(&c, "rank 0");
  }
  sound_call c = *sound;
  c.count--;
  refuses(&c, "missing operand");
  c = *sound;
  c.bytes -= 4;
  refuses(&c, "short parameters");
}

// Words before the requantization: each may be anything in range, so only values out of range are tried.
static void change_words(const sound_call *sound, uint32_t words) {
  static const int32_t bad[] = {-129, INT32_MIN, INT32_MAX, 1 << 30};
  for (uint32_t w = 0; w < words; w++)
    for (size_t b = 0; b < sizeof bad / sizeof bad[0]; b++) {
      sound_call c = *sound;
      char what[64];
      c.words[w] = bad[b];
      snprintf(what, sizeof what, "word %u = %d", w, bad[b]);
      refuses(&c, what);
    }
}

static void change_requantization(const sound_call *sound) {
  const dlc_requantize good = {-3, 252, 3, 128, 0.5f};
  const dlc_requantize bad[] = {
      {-4, 252, 3, 128, 1},         {-3, 253, 3, 128, 1},        {10, 9, 3, 128, 1},        {NAN, 252, 3, 128, 1},
      {-3, NAN, 3, 128, 1},         {-3, 252, -1, 128, 1},       {0, 1, 256, 0, 1},         {-3, 252, 3, 256, 1},
      {-3, 252, 3, -1, 1},          {-INFINITY, 252, 3, 128, 1}, {-3, INFINITY, 3, 128, 1}, {0, 0, INT32_MIN, 0, 1},
      {-3, 252, INT32_MAX, 128, 1},
  };
  sound_call c = *sound;
  const uint32_t at = sound->bytes / 4 - sizeof good / 4;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    memcpy(c.words + at, &bad[i], sizeof good);
    refuses(&c, "requantization out of range");
  }
  // An i32 result takes neither scale nor residual nor table; a u8 one needs its scale; a table serves u8 alone.
  for (uint8_t type = 0; type < 3; type++) {
    static const uint8_t types[] = {DLC_I32, DLC_U8, DLC_F32};
    c = *sound;
    c.operands[6].type = types[type];
    if (types[type] != DLC_F32) memset(&c.operands[types[type] == DLC_U8 ? 3 : 5], 0, sizeof *c.operands);
    if (types[type] == DLC_I32) memset(&c.operands[4], 0, sizeof *c.operands);
    refuses(&c, "operands that y's type does not go with");
  }
}

// Lists of channels: a type that is none of theirs, another length, and one of each that is taken.
static void change_lists(const sound_call *sound) {
  static const struct {
    uint32_t operand;
    uint8_t type;
    int32_t length;
    bool taken;
  } lists[] = {{2, DLC_I16, 20, true},   {2, DLC_I32, 1, true},   {2, DLC_I16, 1, true},   {3, DLC_BF16, 20, true},
               {3, DLC_F32, 1, true},    {3, DLC_BF16, 1, true},  {2, DLC_I16, 19, false}, {2, DLC_U16, 20, false},
               {2, DLC_BF16, 20, false}, {3, DLC_I16, 20, false}, {3, DLC_F16, 20, false}, {3, DLC_BF16, 2, false},
               {3, DLC_F32, 0, false}};
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
    sound_call c = *sound;
    c.operands[lists[i].operand] = (dlc_tensor){data, {lists[i].length}, lists[i].length, lists[i].type, 1};
    const dlc_call call = {c.operands, c.words, NULL, c.count, c.bytes};
    char what[64];
    snprintf(what, sizeof what, "%s, list %zu", c.kernel->name, i);
    expect((c.kernel->check(&call) == 0) == lists[i].taken, what);
  }
}

// Weights of one panel without the columns it lacks: n of 16, nothing else.
static void test_narrow(void) {
  const dlc_window window = {{1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}};
  const dlc_requantize q = {-3, 252, 3, 128, 0.5f};
  const dlc_qconv_params conv = {window, 1, 7, q};
  const dlc_qmatmul_params matmul = {5, 5, 3, q};
  static const struct {
    int32_t columns;
    bool taken;
  } widths[] = {{5, true}, {16, true}, {4, false}, {6, false}, {15, false}, {0, false}, {17, false}};
  for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
    const int32_t columns = widths[i].columns, bytes = 14 * 4 * columns;
    const dlc_tensor bias = {data, {5}, 5, DLC_I32, 1}, scale = {data, {5}, 5, DLC_F32, 1}, none = {0};
    const dlc_tensor y = {data, {1, 1, 8, 8, 5}, 5, DLC_U8, 5}, z = {data, {2, 8, 5}, 5, DLC_U8, 3};
    dlc_tensor convolved[] = {
        {data, {1, 1, 8, 8, 6}, 6, DLC_U8, 5}, {data, {bytes}, bytes, DLC_I8, 1}, bias, scale, none, none, y};
    dlc_tensor multiplied[] = {
        {data, {2, 8, 6}, 6, DLC_U8, 3}, {data, {2, 1, 2, columns, 4}, 4, DLC_I8, 5}, bias, scale, none, none, z};
    const dlc_call calls[] = {{convolved, &conv, NULL, 7, sizeof conv}, {multiplied, &matmul, NULL, 7, sizeof matmul}};
    expect((dlc_qconv_kernel.check(&calls[0]) == 0) == widths[i].taken, "narrow weights of qconv");
    expect((dlc_qmatmul_kernel.check(&calls[1]) == 0) == widths[i].taken, "narrow weights of qmatmul");
  }
}

void test_qrefusals(void) {
  test_narrow();
  const dlc_window window = {{1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}};
  const dlc_requantize q = {-3, 252, 3, 128, 0.5f};
  const dlc_qconv_pack_params conv_pack = {window, 1};
  const dlc_qconv_transpose_pack_params transpose_pack = {window, 1};
  const int32_t conv_bytes = (int32_t)dlc_qconv_packed_bytes(&conv_pack, 6, 20),
                transpose_bytes = (int32_t)dlc_qconv_transpose_packed_bytes(&transpose_pack, 6, 20);
  const dlc_tensor x = {data, {1, 1, 8, 8, 6}, 6, DLC_U8, 5}, bias = {data, {20}, 20, DLC_I32, 1},
                   scale = {data, {20}, 20, DLC_F32, 1}, table = {data, {256}, 256, DLC_U8, 1},
                   y = {data, {1, 1, 8, 8, 20}, 20, DLC_U8, 5};
  expect(conv_bytes == 2 * 14 * 64, "bytes of a packed convolution");
  expect(transpose_bytes == 2 * 14 * 64 + 2 * 64, "bytes of a packed transposed convolution");
  sound_call calls[] = {
      {&dlc_qconv_kernel, {x, {data, {conv_bytes}, conv_bytes, DLC_I8, 1}, bias, scale, y, table, y}, 7, 0, {0}},
      {&dlc_qconv_transpose_kernel,
       {x, {data, {transpose_bytes}, transpose_bytes, DLC_I8, 1}, bias, scale, y, table, y},
       7,
       0,
       {0}},
      {&dlc_qmatmul_kernel,
       {{data, {2, 8, 6}, 6, DLC_U8, 3},
        {data, {2, 2, 2, 16, 4}, 4, DLC_I8, 5},
        {data, {2, 20}, 20, DLC_I32, 2},
        scale,
        {data, {2, 8, 20}, 20, DLC_U8, 3},
        table,
        {data, {2, 8, 20}, 20, DLC_U8, 3}},
       7,
       0,
       {0}},
  };
  const dlc_qconv_params conv = {window, 1, 7, q};
  const dlc_qconv_transpose_params transposed = {window, 1, 7, q};
  const dlc_qmatmul_params matmul = {20, 5, 3, q};
  memcpy(calls[0].words, &conv, calls[0].bytes = sizeof conv);
  memcpy(calls[1].words, &transposed, calls[1].bytes = sizeof transposed);
  memcpy(calls[2].words, &matmul, calls[2].bytes = sizeof matmul);
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
    dlc_call call = {calls[i].operands, calls[i].words, NULL, 7, calls[i].bytes};
    expect(calls[i].kernel->check(&call) == 0, "sound call accepted");
    change_operands(&calls[i]);
    change_lists(&calls[i]);
    change_words(&calls[i], calls[i].bytes / 4 - sizeof q / 4);
    change_requantization(&calls[i]);
  }
  sound_call packs[] = {
      {&dlc_qconv_pack_kernel,
       {{data, {20, 1, 3, 3, 6}, 6, DLC_I8, 5}, {data, {conv_bytes}, conv_bytes, DLC_I8, 1}},
       2,
       sizeof conv_pack,
       {0}},
      {&dlc_qconv_transpose_pack_kernel,
       {{data, {6, 1, 3, 3, 20}, 20, DLC_I8, 5}, {data, {transpose_bytes}, transpose_bytes, DLC_I8, 1}},
       2,
       sizeof transpose_pack,
       {0}},
      {&dlc_qmatmul_pack_kernel,
       {{data, {2, 6, 20}, 20, DLC_I8, 3}, {data, {2, 2, 2, 16, 4}, 4, DLC_I8, 5}, {data, {2, 20}, 20, DLC_I32, 2}},
       3,
       sizeof(dlc_qmatmul_pack_params),
       {0, 5, 0}},
  };
  memcpy(packs[0].words, &conv_pack, sizeof conv_pack);
  memcpy(packs[1].words, &transpose_pack, sizeof transpose_pack);
  for (size_t i = 0; i < sizeof packs / sizeof packs[0]; i++) {
    dlc_call call = {packs[i].operands, packs[i].words, NULL, packs[i].count, packs[i].bytes};
    expect(packs[i].kernel->check(&call) == 0, "sound pack accepted");
    for (uint32_t w = 0; w < packs[i].bytes / 4; w++) {
      sound_call c = packs[i];
      c.words[w] = -1;
      refuses(&c, "negative parameter");
    }
    sound_call c = packs[i];
    c.operands[1].dims[0]++;
    c.operands[1].pitch += c.operands[1].rank == 1;
    refuses(&c, "packed size");
    c = packs[i];
    c.operands[0].type = DLC_F32;
    refuses(&c, "float weights");
    c = packs[i];
    c.operands[0].pitch--;
    refuses(&c, "short pitch");
  }
  dlc_qconv_pack_params huge = {{{1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {0}, {0}}, 1};
  expect(dlc_qconv_packed_bytes(&huge, INT32_MAX, INT32_MAX) == 0, "packed bytes beyond 2^31");
  expect(dlc_qconv_packed_bytes(&huge, 1 << 20, 1 << 20) == 0, "packed bytes of 2^40");
  huge.groups = 3;
  expect(dlc_qconv_packed_bytes(&huge, 4, 3) == 0, "groups that do not divide channels");
}
