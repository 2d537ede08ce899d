#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/framed_session.hpp"
#include "scaler/cloud/request.hpp"

namespace scaler::cloud {

namespace {

constexpr std::size_t head_bytes_max = std::size_t{16} << 10;
constexpr std::size_t body_bytes_max = std::size_t{4} << 20;
constexpr std::size_t line_bytes_max = 1024;
constexpr std::string_view end_of_head = "\r\n\r\n";

Error wrong(std::string_view what) { return {Errc::protocol, fmt::format("http: {}", what)}; }

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return result;
}

template <class Number>
bool parse_number(std::string_view text, Number& number, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size();
}

// "HTTP/1.1 200 OK"
int status_of(std::string_view head) {
  int status = 0;
  const bool good = head.size() >= 12 && head.starts_with("HTTP/1.") &&
                    parse_number(head.substr(9, 3), status) && status >= 100;
  return good ? status : 0;
}

struct Framing {
  bool in_chunks = false;
  std::size_t length = 0;
};

Result<Framing> framing_of(std::string_view head) {
  Framing framing;
  std::optional<std::size_t> length;
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;) {
    const std::size_t begin = at + 2;
    at = head.find("\r\n", begin);
    const std::string line =
        lower(head.substr(begin, at == std::string_view::npos ? at : at - begin));
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) return wrong("a header without a name");
    const std::size_t first = line.find_first_not_of(" \t", colon + 1);
    std::string value = first == std::string::npos ? "" : line.substr(first);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.pop_back();
    if (line.starts_with("transfer-encoding:")) {
      if (value != "chunked") return wrong("an unknown transfer encoding");
      framing.in_chunks = true;
    }
    if (!line.starts_with("content-length:")) continue;
    std::size_t given = 0;
    if (!parse_number(value, given)) return wrong("a Content-Length that is no number");
    if (length && *length != given) return wrong("two lengths of one body");
    length = given;
  }
  const int status = status_of(head);
  if (!framing.in_chunks && !length && status != 204 && status != 304)
    return wrong("an answer without a length");
  framing.length = length.value_or(0);
  if (framing.length > body_bytes_max) return wrong("an answer of more than 4 MiB");
  return framing;
}

class ResponseSession final : public FramedSession {
 public:
  void send(Bytes message) override {
    queue_.push(WriteQueue::Kind::message, {}, std::move(message));
  }
  std::size_t queued_bytes() const override { return queue_.message_bytes(); }

 private:
  enum class Step : std::uint8_t { head, body, chunk_size, chunk, chunk_end, trailer, done };

  Parsed parse() override {
    take_arrived();
    while (step_ != Step::done) {
      SCALER_TRY(advanced, advance());
      if (!advanced) return nothing_yet();
    }
    if (std::exchange(told_, true)) return nothing_yet();  // what follows belongs to no question
    return event(MessageReceived{Bytes::copy_of(head_ + body_)});
  }

  void take_arrived() {
    const ByteView bytes = reader_.unread();
    if (step_ != Step::done) in_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    reader_.consume(bytes.size());
  }

  std::string take(std::size_t bytes) {
    std::string taken = in_.substr(0, bytes);
    in_.erase(0, bytes);
    return taken;
  }

  Result<bool> advance() {
    switch (step_) {
      case Step::head:
        return read_head();
      case Step::body:
        if (in_.size() < wanted_) return false;
        body_ = take(wanted_);
        step_ = Step::done;
        return true;
      case Step::chunk_size:
        return read_chunk_size();
      case Step::chunk:
        if (in_.size() < wanted_) return false;
        body_ += take(wanted_);
        step_ = Step::chunk_end;
        return true;
      case Step::chunk_end:
        if (in_.size() < 2) return false;
        if (take(2) != "\r\n") return wrong("a chunk longer than it said");
        step_ = Step::chunk_size;
        return true;
      case Step::trailer:
        return read_trailer();
      case Step::done:
        break;
    }
    return false;
  }

  Result<bool> read_head() {
    const std::size_t end = in_.find(end_of_head);
    if (end == std::string::npos ? in_.size() > head_bytes_max : end > head_bytes_max)
      return wrong("a head that does not end");
    if (end == std::string::npos) return false;
    head_ = take(end + end_of_head.size());
    const std::string_view lines = std::string_view(head_).substr(0, end);
    const int status = status_of(lines);
    if (status == 0) return wrong("a first line that is no response");
    if (status < 200) return true;  // 100 Continue: the answer follows
    SCALER_TRY(framing, framing_of(lines));
    wanted_ = framing.length;
    step_ = framing.in_chunks ? Step::chunk_size : Step::body;
    return true;
  }

  Result<std::optional<std::string>> read_line() {
    const std::size_t end = in_.find("\r\n");
    if (end == std::string::npos ? in_.size() > line_bytes_max : end > line_bytes_max)
      return wrong("a line that does not end");
    if (end == std::string::npos) return std::optional<std::string>{};
    std::string line = take(end);
    in_.erase(0, 2);
    return std::optional(std::move(line));
  }

  Result<bool> read_chunk_size() {
    SCALER_TRY(line, read_line());
    if (!line) return false;
    const std::string_view digits = std::string_view(*line).substr(0, line->find_first_of("; \t"));
    if (!parse_number(digits, wanted_, 16)) return wrong("a chunk without a length");
    if (wanted_ > body_bytes_max || body_.size() + wanted_ > body_bytes_max)
      return wrong("an answer of more than 4 MiB");
    step_ = wanted_ == 0 ? Step::trailer : Step::chunk;
    return true;
  }

  Result<bool> read_trailer() {
    SCALER_TRY(line, read_line());
    if (!line) return false;
    trailer_bytes_ += line->size() + 2;
    if (trailer_bytes_ > head_bytes_max) return wrong("a head that does not end");
    if (line->empty()) step_ = Step::done;
    return true;
  }

  Step step_ = Step::head;
  std::size_t wanted_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::string in_;
  std::string head_;
  std::string body_;
  bool told_ = false;
};

}  // namespace

std::unique_ptr<Session> make_response_session() { return std::make_unique<ResponseSession>(); }

Result<HttpResponse> parse_response(std::string_view message) {
  const std::size_t end = message.find(end_of_head);
  const int status = status_of(message);
  if (end == std::string_view::npos || status == 0) return wrong("no response");
  return HttpResponse{status, std::string(message.substr(end + end_of_head.size()))};
}

}  // namespace scaler::cloud
