#include "lab.h"

namespace outbox_relay::bench {

const Databases::Copy& Lab::standing(const Backlog& backlog) {
  if (!standing_ || standing_->backlog != backlog) {
    standing_.reset();
    standing_.emplace(databases, backlog);
  }
  return standing_->database;
}

void Lab::tidy_up(const Backlog& kept) {
  standing_.reset();
  databases.drop_templates_but(kept);
}

}  // namespace outbox_relay::bench
