#include "relay/worker.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <thread>

#include "relay/pipeline.h"

namespace outbox_relay::relay {

namespace asio = boost::asio;

namespace {

/// What Asio wraps when activities that ran side by side all threw: the others were cancelled for the first.
std::exception_ptr unwrapped(std::exception_ptr thrown) {
  if (!thrown) return thrown;
  try {
    std::rethrow_exception(thrown);
  } catch (const asio::multiple_exceptions& several) {
    return unwrapped(several.first_exception());
  } catch (...) {
    return thrown;
  }
}

}  // namespace

struct Worker::Impl {
  asio::io_context io{1};
  asio::steady_timer beat_timer{io};
  std::unique_ptr<Assembly> assembly;
  std::thread thread;

  void main(const MakeAssembly& make, const OnEnd& on_end, const OnGone& on_gone) {
    bool is_settled = false;
    std::exception_ptr bug;
    try {
      assembly = make(io.get_executor());
      beat();
      asio::co_spawn(io, assembly->pipeline().run(), [&](std::exception_ptr failure, bool settled) {
        bug = failure;
        is_settled = settled;
        beat_timer.cancel();
        io.stop();
      });
      io.run();
    } catch (...) {
      bug = std::current_exception();
    }
    on_end(is_settled, unwrapped(bug));
    assembly.reset();
    on_gone();
  }

  void beat() {
    assembly->beat();
    beat_timer.expires_after(std::chrono::seconds{1});
    beat_timer.async_wait([this](const boost::system::error_code& error) {
      if (!error) beat();
    });
  }

  void on_pipeline(void (Pipeline::*action)()) {
    asio::post(io, [this, action] {
      if (assembly) (assembly->pipeline().*action)();
    });
  }
};

Worker::Worker(MakeAssembly make, OnEnd on_end, OnGone on_gone) : impl_(std::make_unique<Impl>()) {
  impl_->thread = std::thread([impl = impl_.get(), make = std::move(make), on_end = std::move(on_end),
                               on_gone = std::move(on_gone)] { impl->main(make, on_end, on_gone); });
}

Worker::~Worker() {
  impl_->thread.join();
}

void Worker::stop() {
  impl_->on_pipeline(&Pipeline::stop);
}

void Worker::abandon() {
  impl_->on_pipeline(&Pipeline::abandon);
}

}  // namespace outbox_relay::relay
