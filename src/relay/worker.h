#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>

namespace outbox_relay::relay {

class Pipeline;

/// What one pipeline thread owns: the ports and the pipeline on them. Made, used and destroyed on that
/// thread.
class Assembly {
 public:
  virtual ~Assembly() = default;
  virtual Pipeline& pipeline() = 0;
  /// Called about once a second while the thread's loop is alive.
  virtual void beat() = 0;
};

/// One pipeline on a thread of its own, with its own event loop.
///
/// The constructor starts the thread; the destructor waits for its end. `stop` and `abandon` may be called
/// from any thread, and any number of times.
class Worker {
 public:
  using MakeAssembly = std::function<std::unique_ptr<Assembly>(boost::asio::any_io_executor)>;
  /// `settled`: nothing was left in flight. `bug`: the pipeline ended by an exception that it should have
  /// handled.
  using OnEnd = std::function<void(bool settled, std::exception_ptr bug)>;

  /// All of the assembly is gone. That comes later than the end, and without a bound of ours: the libraries'
  /// threads are waited for, which may be stuck in the resolver.
  using OnGone = std::function<void()>;

  /// All three are called on the new thread: `on_end` and then `on_gone` once each.
  Worker(MakeAssembly make, OnEnd on_end, OnGone on_gone);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  void stop();
  void abandon();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace outbox_relay::relay
