/*
 * A PKCS#11 module that is another one, but for its faults: it loads the module that SHIM_MODULE names, gives out its
 * function list, and does at C_Sign what the file that SHIM_FAULT names says: "hang", "crash", or "slow" (two seconds).
 * Every C_Login leaves a byte in the file that SHIM_LOGINS names; with "locked" it finds the PIN locked.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long rv_t;
typedef rv_t (*sign_t)(unsigned long, void *, unsigned long, void *, unsigned long *);

typedef rv_t (*login_t)(unsigned long, unsigned long, void *, unsigned long);

/* The functions of version 2 after the version, counted from 0. */
struct list { unsigned char version[2]; void *functions[68]; };

enum { login_index = 18, sign_index = 43, pin_locked = 0xa4 };

static sign_t real_sign;
static login_t real_login;

static void read_fault(char *word, int size) {
  const char *path = getenv("SHIM_FAULT");
  FILE *file = path == NULL ? NULL : fopen(path, "r");
  if (file != NULL) {
    if (fgets(word, size, file) == NULL) word[0] = 0;
    fclose(file);
  }
}

static rv_t faulty_sign(unsigned long session, void *data, unsigned long size, void *out, unsigned long *room) {
  char word[16] = "";
  read_fault(word, sizeof word);
  if (strncmp(word, "hang", 4) == 0) for (;;) pause();
  if (strncmp(word, "crash", 5) == 0) abort();
  if (strncmp(word, "slow", 4) == 0) sleep(2);
  return real_sign(session, data, size, out, room);
}

static rv_t counted_login(unsigned long session, unsigned long user, void *pin, unsigned long size) {
  char word[16] = "";
  FILE *file = fopen(getenv("SHIM_LOGINS"), "a");
  if (file != NULL) {
    fputc('.', file);
    fclose(file);
  }
  read_fault(word, sizeof word);
  if (strncmp(word, "locked", 6) == 0) return pin_locked;
  return real_login(session, user, pin, size);
}

rv_t C_GetFunctionList(struct list **out) {
  static struct list copy;
  struct list *real;
  void *module = dlopen(getenv("SHIM_MODULE"), RTLD_NOW);
  if (module == NULL) return 5;
  rv_t (*get)(struct list **) = (rv_t (*)(struct list **))dlsym(module, "C_GetFunctionList");
  rv_t result = get == NULL ? 5 : get(&real);
  if (result != 0) return result;
  copy = *real;
  real_sign = (sign_t)copy.functions[sign_index];
  copy.functions[sign_index] = (void *)faulty_sign;
  real_login = (login_t)copy.functions[login_index];
  copy.functions[login_index] = (void *)counted_login;
  *out = &copy;
  return 0;
}
