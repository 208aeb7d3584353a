#include "support/kafka_proxy.h"

#include <array>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/endian/conversion.hpp>
#include <chrono>
#include <cstring>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace outbox_relay::testing {
namespace {

namespace asio = boost::asio;
using asio::use_awaitable;
using asio::ip::tcp;
/// What stands after the four bytes of the size, of a request or a response.
using Frame = std::string;

constexpr std::int16_t produce_key = 0;
constexpr std::int16_t first_flexible_version = 9;
constexpr std::int16_t first_version_with_topic_ids = 13;
// Of a batch in format 2: base offset, length, leader epoch, magic, checksum, attributes.
constexpr std::size_t batch_header_before_count = 8 + 4 + 4 + 1 + 4 + 2;

// https://kafka.apache.org/protocol.html: numbers are big endian; the "flexible" versions of a request have
// lengths of one more as varints, and tagged fields at the end of each structure.
class Reader {
 public:
  explicit Reader(std::string_view frame) : rest_(frame) {}

  template <typename T>
  T number() {
    T value{};
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return boost::endian::big_to_native(value);
  }
  std::string_view string(bool is_flexible) {
    const std::int64_t size = is_flexible ? static_cast<std::int64_t>(varint()) - 1 : number<std::int16_t>();
    return size < 0 ? std::string_view{} : take(static_cast<std::size_t>(size));
  }
  std::size_t array(bool is_flexible) {
    return is_flexible ? varint() - 1 : static_cast<std::size_t>(number<std::int32_t>());
  }
  std::size_t varint() {
    std::size_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1).front());
      value |= static_cast<std::size_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) throw std::runtime_error("a Kafka request ends early");
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

 private:
  std::string_view rest_;
};

class Writer {
 public:
  template <typename T>
  Writer& number(T value) {
    boost::endian::native_to_big_inplace(value);
    frame_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Writer& string(std::string_view text, bool is_flexible) {
    if (is_flexible) {
      varint(text.size() + 1);
    } else {
      number(static_cast<std::int16_t>(text.size()));
    }
    frame_ += text;
    return *this;
  }
  Writer& array(std::size_t size, bool is_flexible) {
    return is_flexible ? varint(size + 1) : number(static_cast<std::int32_t>(size));
  }
  Writer& varint(std::size_t value) {
    for (; value >= 0x80; value >>= 7) frame_ += static_cast<char>((value & 0x7f) | 0x80);
    frame_ += static_cast<char>(value);
    return *this;
  }
  Writer& no_tags(bool is_flexible) { return is_flexible ? varint(0) : *this; }
  Frame take() { return std::move(frame_); }

 private:
  Frame frame_;
};

struct ProduceRequest {
  std::int16_t version = 0;
  std::int32_t correlation_id = 0;
  std::string topic;
  std::int32_t partition = 0;
  std::int32_t records = 0;

  [[nodiscard]] bool is_flexible() const { return version >= first_flexible_version; }
};

bool is_produce(const Frame& request) {
  return Reader{request}.number<std::int16_t>() == produce_key;
}

/// librdkafka sends one partition a request.
ProduceRequest parse(const Frame& frame) {
  Reader reader{frame};
  ProduceRequest request;
  reader.number<std::int16_t>();  // the key
  request.version = reader.number<std::int16_t>();
  if (request.version >= first_version_with_topic_ids) {
    throw std::runtime_error("a Produce request of version " + std::to_string(request.version));
  }
  request.correlation_id = reader.number<std::int32_t>();
  reader.string(false);  // the client's id, an old string in all versions
  if (request.is_flexible()) reader.varint();
  if (request.version >= 3) reader.string(request.is_flexible());  // the transactional id
  reader.number<std::int16_t>();                                   // acks
  reader.number<std::int32_t>();                                   // timeout
  reader.array(request.is_flexible());
  request.topic = reader.string(request.is_flexible());
  reader.array(request.is_flexible());
  request.partition = reader.number<std::int32_t>();
  if (request.is_flexible())
    reader.varint();
  else
    reader.number<std::int32_t>();  // the size of the batch
  reader.take(batch_header_before_count);
  request.records = reader.number<std::int32_t>() + 1;  // the offset of the last one
  return request;
}

Frame refusal_of(const ProduceRequest& request, std::int16_t error_code) {
  const bool is_flexible = request.is_flexible();
  Writer writer;
  writer.number(request.correlation_id).no_tags(is_flexible);
  writer.array(1, is_flexible).string(request.topic, is_flexible);
  writer.array(1, is_flexible).number(request.partition).number(error_code);
  writer.number(std::int64_t{-1});                            // base offset
  if (request.version >= 2) writer.number(std::int64_t{-1});  // time of appending
  if (request.version >= 5) writer.number(std::int64_t{-1});  // first offset of the log
  if (request.version >= 8) {
    writer.array(0, is_flexible);                                      // errors of single records
    is_flexible ? writer.varint(0) : writer.number(std::int16_t{-1});  // no message
  }
  writer.no_tags(is_flexible).no_tags(is_flexible);          // of the partition, of the topic
  if (request.version >= 1) writer.number(std::int32_t{0});  // throttling
  writer.no_tags(is_flexible);
  return writer.take();
}

asio::awaitable<Frame> read_frame(tcp::socket& from) {
  std::array<unsigned char, 4> size{};
  co_await asio::async_read(from, asio::buffer(size), use_awaitable);
  Frame frame(boost::endian::load_big_u32(size.data()), '\0');
  co_await asio::async_read(from, asio::buffer(frame), use_awaitable);
  co_return frame;
}

asio::awaitable<void> write_frame(tcp::socket& to, const Frame& frame) {
  std::array<unsigned char, 4> size{};
  boost::endian::store_big_u32(size.data(), static_cast<std::uint32_t>(frame.size()));
  const std::array<asio::const_buffer, 2> parts{asio::buffer(size), asio::buffer(frame)};
  co_await asio::async_write(to, parts, use_awaitable);
}

}  // namespace

struct KafkaProxy::State {
  /// One client and its connection to the broker.
  struct Session {
    explicit Session(tcp::socket accepted) : client(std::move(accepted)), broker(client.get_executor()) {}

    tcp::socket client;
    tcp::socket broker;
    std::optional<Frame> refusal;  ///< held back, see `refuse`
    std::vector<Frame> answers;    ///< to be written by the one coroutine that writes to the client
    bool is_writing = false;

    void close() {
      boost::system::error_code ignored;
      client.close(ignored);
      broker.close(ignored);
    }
  };
  using SharedSession = std::shared_ptr<Session>;

  asio::io_context context;
  tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
  std::string address = "127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
  std::mutex mutex;  ///< guards all down to `bytes_refusal`
  std::optional<tcp::endpoint> upstream;
  std::optional<std::int16_t> next_refusal;
  std::int32_t least_records = 1;
  std::string refused_bytes;
  std::int16_t bytes_refusal = 0;
  std::atomic<int> caught{0};
  std::thread thread;

  State() {
    asio::co_spawn(context, accept(), asio::detached);
    thread = std::thread{[this] { context.run(); }};
  }
  ~State() {
    context.stop();
    thread.join();
  }

  asio::awaitable<void> accept() {
    for (;;) {
      auto session = std::make_shared<Session>(co_await acceptor.async_accept(use_awaitable));
      asio::co_spawn(context, serve(session), asio::detached);
    }
  }

  asio::awaitable<void> serve(SharedSession session) {
    std::optional<tcp::endpoint> to;
    {
      const std::lock_guard lock{mutex};
      to = upstream;
    }
    try {
      if (!to) co_return;
      co_await session->broker.async_connect(*to, use_awaitable);
      session->client.set_option(tcp::no_delay{true});
      session->broker.set_option(tcp::no_delay{true});
      asio::co_spawn(context, pass_answers(session), asio::detached);
      for (;;) co_await handle(session, co_await read_frame(session->client));
    } catch (const boost::system::system_error&) {  // one of the two is gone: so goes the other
    }
    session->close();
  }

  asio::awaitable<void> handle(SharedSession session, Frame request) {
    if (is_produce(request)) {
      const ProduceRequest parsed = parse(request);
      const auto error_code = take_refusal(parsed.records, request);
      refuse(session);
      if (error_code) {
        session->refusal = refusal_of(parsed, *error_code);
        ++caught;
        asio::co_spawn(context, give_up_waiting(session), asio::detached);
        co_return;
      }
    }
    co_await write_frame(session->broker, request);
  }

  // A client sends several requests before the first answer, and a broker answers them in turn: so the
  // refusal waits for the request behind it, which the client then cannot take back.
  void refuse(const SharedSession& session) {
    if (!session->refusal) return;
    answer(session, *std::exchange(session->refusal, std::nullopt));
  }
  // There may be none.
  asio::awaitable<void> give_up_waiting(SharedSession session) {
    asio::steady_timer timer{context, std::chrono::seconds{1}};
    co_await timer.async_wait(use_awaitable);
    refuse(session);
  }

  std::optional<std::int16_t> take_refusal(std::int32_t records, const Frame& request) {
    const std::lock_guard lock{mutex};
    if (!refused_bytes.empty() && request.find(refused_bytes) != Frame::npos) return bytes_refusal;
    if (records < least_records) return std::nullopt;
    return std::exchange(next_refusal, std::nullopt);
  }

  asio::awaitable<void> pass_answers(SharedSession session) {
    try {
      for (;;) answer(session, co_await read_frame(session->broker));
    } catch (const boost::system::system_error&) {
    }
    session->close();
  }

  void answer(const SharedSession& session, Frame frame) {
    session->answers.push_back(std::move(frame));
    if (std::exchange(session->is_writing, true)) return;
    asio::co_spawn(context, write_answers(session), asio::detached);
  }

  asio::awaitable<void> write_answers(SharedSession session) {
    try {
      while (!session->answers.empty()) {
        const auto batch = std::exchange(session->answers, {});
        for (const Frame& frame : batch) co_await write_frame(session->client, frame);
      }
    } catch (const boost::system::system_error&) {
      session->close();
    }
    session->is_writing = false;
  }
};

KafkaProxy::KafkaProxy() : state_(std::make_unique<State>()) {}
KafkaProxy::~KafkaProxy() = default;

const std::string& KafkaProxy::address() const {
  return state_->address;
}

void KafkaProxy::forward_to(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  const std::lock_guard lock{state_->mutex};
  state_->upstream = tcp::endpoint{asio::ip::make_address(address.substr(0, colon)),
                                   static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)))};
}

void KafkaProxy::refuse_produce_with(const std::string& bytes, std::int16_t error_code) {
  const std::lock_guard lock{state_->mutex};
  state_->refused_bytes = bytes;
  state_->bytes_refusal = error_code;
}

void KafkaProxy::refuse_next_produce(std::int16_t error_code, std::int32_t least_records) {
  const std::lock_guard lock{state_->mutex};
  state_->next_refusal = error_code;
  state_->least_records = least_records;
}

int KafkaProxy::caught() const {
  return state_->caught;
}

}  // namespace outbox_relay::testing
