#include "support/process.h"

#include <fcntl.h>
#include <signal.h>
extern "C" {  // glibc 2.36 forgot it
#include <sys/pidfd.h>
}
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace outbox_relay::testing {
namespace {

[[noreturn]] void throw_errno(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_{fd} {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_ = -1;
};

struct Pipe {
  Descriptor read;
  Descriptor write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno(errno, "pipe2");
  Pipe pipe{Descriptor{ends[0]}, Descriptor{ends[1]}};
  // Only our end: the child expects an ordinary blocking output.
  if (::fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) throw_errno(errno, "fcntl");
  return pipe;
}

/// Ours, with `added` in place of variables of the same name.
std::vector<std::string> merged_environment(const std::vector<std::string>& added) {
  std::vector<std::string> merged = added;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view ours{*entry};
    const auto name = ours.substr(0, ours.find('=') + 1);
    bool replaced = false;
    for (const auto& one : added) replaced = replaced || std::string_view{one}.starts_with(name);
    if (!replaced) merged.emplace_back(ours);
  }
  return merged;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (auto& string : strings) result.push_back(string.data());
  result.push_back(nullptr);
  return result;
}

pid_t spawn(const std::vector<std::string>& command, const std::vector<std::string>& environment, int output,
            int errors) {
  // posix_spawn knows no "die with the parent"; setpriv asks the kernel for it and then becomes the program.
  std::vector<std::string> arguments{"setpriv", "--pdeathsig", "KILL", "--"};
  arguments.insert(arguments.end(), command.begin(), command.end());
  auto variables = merged_environment(environment);

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
  // Libraries open sockets without O_CLOEXEC; one that listens would stay open in the child.
  ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  sigset_t signals;
  ::sigemptyset(&signals);
  ::posix_spawnattr_setsigmask(&attributes, &signals);
  ::sigfillset(&signals);
  ::posix_spawnattr_setsigdefault(&attributes, &signals);

  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, "setpriv", &actions, &attributes, pointers(arguments).data(),
                                   pointers(variables).data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw_errno(error, "posix_spawn");
  return pid;
}

int exit_code(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

struct Process::State {
  State(const std::vector<std::string>& command, const std::vector<std::string>& environment) {
    auto output_pipe = make_pipe();
    auto errors_pipe = make_pipe();
    pid = spawn(command, environment, output_pipe.write.get(), errors_pipe.write.get());
    pidfd = Descriptor{::pidfd_open(pid, 0)};
    if (pidfd.get() < 0) {
      const int error = errno;
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
      throw_errno(error, "pidfd_open");
    }
    reader = std::thread{[this, out = std::move(output_pipe.read),
                          err = std::move(errors_pipe.read)]() mutable { collect(out, err); }};
  }

  ~State() {
    ::pidfd_send_signal(pidfd.get(), SIGKILL, nullptr, 0);
    reader.join();
  }

  /// Appends what is there to read; closes the descriptor at the end of its stream.
  void take(Descriptor& from, std::string& to) {
    std::array<char, 65536> buffer;  // NOLINT(*-member-init): filled by read
    for (;;) {
      const auto length = ::read(from.get(), buffer.data(), buffer.size());
      if (length > 0) {
        const std::lock_guard lock{mutex};
        to.append(buffer.data(), static_cast<std::size_t>(length));
      } else if (length == 0) {
        return from.close();
      } else if (errno != EINTR) {
        return;
      }
    }
  }

  /// The reader thread: until the process ends, however long others hold its outputs open.
  void collect(Descriptor& out, Descriptor& err) {
    for (;;) {
      std::array<pollfd, 3> ready{
          pollfd{out.get(), POLLIN, 0}, {err.get(), POLLIN, 0}, {pidfd.get(), POLLIN, 0}};
      if (::poll(ready.data(), ready.size(), -1) < 0) continue;
      if (ready[0].revents != 0) take(out, output);
      if (ready[1].revents != 0) take(err, errors);
      if (ready[2].revents == 0) continue;
      // It may have written between the two looks.
      if (out.get() >= 0) take(out, output);
      if (err.get() >= 0) take(err, errors);
      int status = 0;
      ::waitpid(pid, &status, 0);
      const std::lock_guard lock{mutex};
      code = exit_code(status);
      ended.notify_all();
      return;
    }
  }

  pid_t pid = 0;
  Descriptor pidfd;
  mutable std::mutex mutex;
  std::condition_variable ended;
  std::string output;
  std::string errors;
  std::optional<int> code;
  std::thread reader;
};

Process::Process(const std::vector<std::string>& command, const std::vector<std::string>& environment)
    : state_{std::make_unique<State>(command, environment)} {}
Process::~Process() = default;
Process::Process(Process&&) noexcept = default;
Process& Process::operator=(Process&&) noexcept = default;

pid_t Process::id() const {
  return state_->pid;
}

bool Process::is_running() const {
  const std::lock_guard lock{state_->mutex};
  return !state_->code.has_value();
}

void Process::signal(int number) const {
  ::pidfd_send_signal(state_->pidfd.get(), number, nullptr, 0);
}

std::optional<int> Process::wait(std::chrono::milliseconds timeout) const {
  std::unique_lock lock{state_->mutex};
  state_->ended.wait_for(lock, timeout, [&] { return state_->code.has_value(); });
  return state_->code;
}

std::string Process::output() const {
  const std::lock_guard lock{state_->mutex};
  return state_->output;
}

std::string Process::errors() const {
  const std::lock_guard lock{state_->mutex};
  return state_->errors;
}

Finished run(const std::vector<std::string>& command, const std::vector<std::string>& environment,
             std::chrono::milliseconds timeout) {
  const Process process{command, environment};
  const auto code = process.wait(timeout);
  if (!code) {
    throw std::runtime_error("`" + command.front() + "` has not ended; it wrote:\n" + process.output() +
                             process.errors());
  }
  return {*code, process.output(), process.errors()};
}

}  // namespace outbox_relay::testing
