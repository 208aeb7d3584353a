#include "meter.h"

#include "processes.h"

namespace outbox_relay::bench {

Meter::Meter(const Lab& lab) : lab_(&lab) {
  lab.databases.forget_queries();
  before_ = use();
}

Meter::Use Meter::use() const {
  return {.postgres_cpu = cpu_seconds_with_children(lab_->databases.process()),
          .kafka_cpu = cpu_seconds(lab_->broker.process()),
          .log_bytes = lab_->databases.log_bytes() - lab_->databases.log_bytes_of_onlookers(),
          .full_page_images = lab_->databases.full_page_images()};
}

Measures Meter::read(const Running& running, std::size_t rows) const {
  const Use after = use();
  const auto per_row = [rows](double amount) { return amount / static_cast<double>(rows); };
  constexpr double us = 1e6;
  return {{"cpu_us_per_row", per_row(cpu_seconds(running.process().id()) * us)},
          {"postgres_cpu_us_per_row", per_row((after.postgres_cpu - before_.postgres_cpu) * us)},
          {"kafka_cpu_us_per_row", per_row((after.kafka_cpu - before_.kafka_cpu) * us)},
          {"peak_memory_mib", peak_memory_mib(running.process().id())},
          {"wal_bytes_per_row", per_row(after.log_bytes - before_.log_bytes)},
          {"full_page_images_per_row", per_row(after.full_page_images - before_.full_page_images)}};
}

}  // namespace outbox_relay::bench
