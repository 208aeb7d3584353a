// To be preloaded: no thread more for who asks as C11 does, which is librdkafka.
#include <threads.h>

extern "C" int thrd_create(thrd_t* /*thread*/, thrd_start_t /*start*/, void* /*argument*/) {
  return thrd_nomem;
}
