// ThreadSanitizer does not intercept the C11 threads (thrd_*, mtx_*, cnd_*) that librdkafka uses: it crashes
// in its threads, or reports races that are none. These definitions, linked into the programs of
// thread-sanitized builds only, take the place of glibc's and go through the pthread functions that it does
// intercept.

#include <errno.h>
#include <pthread.h>
#include <threads.h>  // in glibc mtx_t, cnd_t and thrd_t have room for the pthread types

#include <cstdint>
#include <memory>

namespace {

static_assert(sizeof(mtx_t) >= sizeof(pthread_mutex_t));
static_assert(sizeof(cnd_t) >= sizeof(pthread_cond_t));
static_assert(sizeof(thrd_t) == sizeof(pthread_t));

int to_c11(int error) {
  switch (error) {
    case 0:
      return thrd_success;
    case ENOMEM:
      return thrd_nomem;
    case ETIMEDOUT:
      return thrd_timedout;
    case EBUSY:
      return thrd_busy;
    default:
      return thrd_error;
  }
}

pthread_mutex_t* native(mtx_t* mutex) {
  return reinterpret_cast<pthread_mutex_t*>(mutex);
}
pthread_cond_t* native(cnd_t* condition) {
  return reinterpret_cast<pthread_cond_t*>(condition);
}

struct Start {
  thrd_start_t function;
  void* argument;
};

void* run(void* raw) {
  const std::unique_ptr<Start> start{static_cast<Start*>(raw)};
  return reinterpret_cast<void*>(static_cast<std::intptr_t>(start->function(start->argument)));
}

}  // namespace

extern "C" {

int thrd_create(thrd_t* thread, thrd_start_t function, void* argument) {
  auto start = std::make_unique<Start>(Start{function, argument});
  const int error = pthread_create(thread, nullptr, run, start.get());
  if (error == 0) static_cast<void>(start.release());
  return to_c11(error);
}

int thrd_join(thrd_t thread, int* result) {
  void* raw = nullptr;
  const int error = pthread_join(thread, &raw);
  if (error == 0 && result != nullptr) *result = static_cast<int>(reinterpret_cast<std::intptr_t>(raw));
  return to_c11(error);
}

int thrd_detach(thrd_t thread) {
  return to_c11(pthread_detach(thread));
}

int mtx_init(mtx_t* mutex, int type) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  if ((type & mtx_recursive) != 0) pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  const int error = pthread_mutex_init(native(mutex), &attributes);
  pthread_mutexattr_destroy(&attributes);
  return to_c11(error);
}

void mtx_destroy(mtx_t* mutex) {
  pthread_mutex_destroy(native(mutex));
}
int mtx_lock(mtx_t* mutex) {
  return to_c11(pthread_mutex_lock(native(mutex)));
}
int mtx_trylock(mtx_t* mutex) {
  return to_c11(pthread_mutex_trylock(native(mutex)));
}
int mtx_unlock(mtx_t* mutex) {
  return to_c11(pthread_mutex_unlock(native(mutex)));
}
int mtx_timedlock(mtx_t* mutex, const timespec* until) {
  return to_c11(pthread_mutex_timedlock(native(mutex), until));
}

int cnd_init(cnd_t* condition) {
  return to_c11(pthread_cond_init(native(condition), nullptr));
}
void cnd_destroy(cnd_t* condition) {
  pthread_cond_destroy(native(condition));
}
int cnd_signal(cnd_t* condition) {
  return to_c11(pthread_cond_signal(native(condition)));
}
int cnd_broadcast(cnd_t* condition) {
  return to_c11(pthread_cond_broadcast(native(condition)));
}
int cnd_wait(cnd_t* condition, mtx_t* mutex) {
  return to_c11(pthread_cond_wait(native(condition), native(mutex)));
}
int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until) {
  return to_c11(pthread_cond_timedwait(native(condition), native(mutex), until));
}

}  // extern "C"
