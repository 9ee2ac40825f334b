/*
 * A PKCS#11 module that is another one, but for its faults: it loads the module that SHIM_MODULE names, gives out its
 * function list, and does what the file that SHIM_FAULT names says. At C_Sign: "hang", "crash", or "slow" (two seconds).
 * At C_Login: "locked", the PIN is. At C_OpenSession: "full", there are no more. At every call that is counted: "lost", the call is made, but the token is gone when it
 * is to be answered, "dies", the process is, and "mute", there is no answer.
 *
 * Calls that are counted leave a letter in the file that SHIM_CALLS names: l for C_Login, s for C_Sign, c for
 * C_CreateObject, d for C_DestroyObject, o for C_OpenSession, u for C_UnwrapKey, g for C_GenerateKey, p for C_GenerateKeyPair of RSA, and
 * m for one that was made and stays mute.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long word_t;
/* No function has more arguments, and all are words. */
typedef word_t (*function_t)(word_t, word_t, word_t, word_t, word_t, word_t, word_t, word_t);

/* The functions of version 2 after the version, counted from 0. */
struct list { unsigned char version[2]; void *functions[68]; };

enum { open_session = 12, login = 18, create = 20, destroy = 22, sign = 43, generate = 58, generate_pair = 59, unwrap = 61 };
enum { device_removed = 0x32, pin_locked = 0xa4, session_count = 0xb1 };

static struct list real;

static int is_fault(const char *name) {
  char word[16] = "";
  FILE *file = fopen(getenv("SHIM_FAULT"), "r");
  if (file == NULL) return 0;
  if (fgets(word, sizeof word, file) == NULL) word[0] = 0;
  fclose(file);
  return strcmp(word, name) == 0;
}

static void count(char letter) {
  FILE *file = fopen(getenv("SHIM_CALLS"), "a");
  if (file == NULL) return;
  fputc(letter, file);
  fclose(file);
}

static word_t call(int index, char letter, word_t a, word_t b, word_t c, word_t d, word_t e, word_t f, word_t g, word_t h) {
  word_t result;
  int is_mute = letter != 0 && is_fault("mute");
  if (letter != 0) count(letter);
  result = ((function_t)real.functions[index])(a, b, c, d, e, f, g, h);
  if (letter == 0 || letter == 'l' || letter == 'd' || letter == 'o') return result;
  if (is_fault("dies")) abort();
  if (is_mute) count('m');
  if (is_mute) for (;;) pause();
  return is_fault("lost") ? device_removed : result;
}

#define COUNTED(name, index, letter) \
  static word_t name(word_t a, word_t b, word_t c, word_t d, word_t e, word_t f, word_t g, word_t h) { \
    return call(index, letter, a, b, c, d, e, f, g, h); \
  }

COUNTED(counted_open, open_session, 'o')
COUNTED(counted_login, login, 'l')
COUNTED(counted_destroy, destroy, 'd')
COUNTED(counted_sign, sign, 's')
COUNTED(counted_create, create, 'c')
COUNTED(counted_unwrap, unwrap, 'u')
COUNTED(counted_generate, generate, 'g')
/* The mechanism of RSA is number 0; pairs on curves are also made to find out what there is. */
COUNTED(counted_pair, generate_pair, *(word_t *)b == 0 ? 'p' : 0)

static word_t faulty_open(word_t a, word_t b, word_t c, word_t d, word_t e, word_t f, word_t g, word_t h) {
  if (!is_fault("full")) return counted_open(a, b, c, d, e, f, g, h);
  count('o');
  return session_count;
}

static word_t faulty_login(word_t a, word_t b, word_t c, word_t d, word_t e, word_t f, word_t g, word_t h) {
  if (!is_fault("locked")) return counted_login(a, b, c, d, e, f, g, h);
  count('l');
  return pin_locked;
}

static word_t faulty_sign(word_t a, word_t b, word_t c, word_t d, word_t e, word_t f, word_t g, word_t h) {
  if (is_fault("hang")) for (;;) pause();
  if (is_fault("crash")) abort();
  if (is_fault("slow")) sleep(2);
  return counted_sign(a, b, c, d, e, f, g, h);
}

word_t C_GetFunctionList(struct list **out) {
  static struct list copy;
  struct list *found;
  void *module = dlopen(getenv("SHIM_MODULE"), RTLD_NOW);
  if (module == NULL) return 5;
  word_t (*get)(struct list **) = (word_t (*)(struct list **))dlsym(module, "C_GetFunctionList");
  word_t result = get == NULL ? 5 : get(&found);
  if (result != 0) return result;
  real = copy = *found;
  copy.functions[open_session] = (void *)faulty_open;
  copy.functions[destroy] = (void *)counted_destroy;
  copy.functions[login] = (void *)faulty_login;
  copy.functions[sign] = (void *)faulty_sign;
  copy.functions[create] = (void *)counted_create;
  copy.functions[unwrap] = (void *)counted_unwrap;
  copy.functions[generate] = (void *)counted_generate;
  copy.functions[generate_pair] = (void *)counted_pair;
  *out = &copy;
  return 0;
}
