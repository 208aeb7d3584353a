#include <stdexcept>
#include <vector>

#include "contender.h"
#include "publisher.h"

namespace outbox_relay::bench {
namespace {

postgres::Query mark(const std::vector<FetchedRow*>& rows) {
  std::vector<std::int64_t> ids;
  for (const FetchedRow* row : rows) ids.push_back(row->id);
  postgres::Query query{"UPDATE public.outbox SET sent_at = now() WHERE id = ANY($1)"};
  query.bigints(ids);
  return query;
}

}  // namespace

// Without the pins and the keyset of the others: the partial index finds what is pending.
void run_usual_loop(const Task& task) {
  Connection connection{task.connection};
  Publisher publisher{task.bootstrap, task.topic};
  postgres::Query fetch{"SELECT " + columns_sql(connection) +
                        " FROM public.outbox WHERE sent_at IS NULL ORDER BY id LIMIT $1"};
  fetch.bigint(page_rows);
  for (;;) {
    Page page{connection.run(fetch)};
    if (page.rows.empty()) return;
    for (FetchedRow& row : page.rows) publisher.publish(row);
    std::vector<FetchedRow*> acknowledged;
    publisher.flush(acknowledged);
    if (connection.run(mark(acknowledged)).affected() != page.rows.size())
      throw std::runtime_error("a row was not marked");
  }
}

}  // namespace outbox_relay::bench
