// The bridge between libFuzzer and the managed program: libFuzzer's own loop, and counters that the instrumented code adds to.
// gcc -shared -fPIC -O2 fuzzer.c libclang_rt.fuzzer_no_main-x86_64.a -lstdc++ -lpthread -lm -o libfuzzer.so (fuzz.sh finds the archive)
#include <stddef.h>
#include <stdint.h>

#define COUNTERS 65536 // SharpFuzz's own size

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));

__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t counters[COUNTERS];

uint8_t *fuzzer_counters(void) { return counters; }

int fuzzer_run(int argc, char **argv, int (*callback)(const uint8_t *data, size_t size)) {
    return LLVMFuzzerRunDriver(&argc, &argv, callback);
}
