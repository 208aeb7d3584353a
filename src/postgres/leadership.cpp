#include "postgres/leadership.h"

#include "postgres/advisory_lock.h"
#include "postgres/lease.h"
#include "postgres/uncoordinated.h"

namespace outbox_relay::postgres {

std::unique_ptr<Leadership> make_leadership(const Settings& settings) {
  switch (settings.coordination) {
    case Coordination::advisory_lock:
      return std::make_unique<AdvisoryLock>(settings);
    case Coordination::lease:
      return std::make_unique<Lease>(settings);
    case Coordination::none:
      break;
  }
  return std::make_unique<Uncoordinated>(settings);
}

}  // namespace outbox_relay::postgres
