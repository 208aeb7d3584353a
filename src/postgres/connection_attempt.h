#pragma once

#include <libpq-fe.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "postgres/connection_options.h"
#include "postgres/session.h"

namespace outbox_relay::postgres {

/// A connection that is being made. Its steps run on the helper's thread one at a time, because each may
/// block in the resolver (libpq looks a host up when its turn comes); between them it belongs to the session.
/// An attempt whose session gave up is freed by its last step.
struct ConnectionAttempt {
  ConnectionAttempt(const boost::asio::any_io_executor& executor, ConnectionOptions to_one_host)
      : options(std::move(to_one_host)), stepped(executor) {}

  /// The first step, or a further one once the socket is as `status` asks.
  void run_step();

  ConnectionOptions options;
  Session::Connection connection;
  PostgresPollingStatusType status = PGRES_POLLING_WRITING;
  bool step_done = true;              ///< of the session's thread only
  boost::asio::steady_timer stepped;  ///< cancelled when a step is done, and when the session gives up
};

}  // namespace outbox_relay::postgres
