#include "scaler/store/store_client.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

namespace scaler::store {

using wire::StoreRequestHeader;
using wire::StoreRequestType;
using wire::StoreResponseHeader;
using wire::StoreResponseType;

namespace {

bool is_answer_to(StoreRequestType request, StoreResponseType response) {
  switch (response) {
    case StoreResponseType::set_ok:
      return request == StoreRequestType::set || request == StoreRequestType::set_file;
    case StoreResponseType::get_ok:
      return request == StoreRequestType::get;
    case StoreResponseType::remove_ok:
    case StoreResponseType::remove_not_exists:
      return request == StoreRequestType::remove;
    case StoreResponseType::duplicate_ok:
      return request == StoreRequestType::duplicate;
    case StoreResponseType::info_total_ok:
      return request == StoreRequestType::info_total;
    case StoreResponseType::got_file:
      return request == StoreRequestType::get;
    case StoreResponseType::lent_file:
    case StoreResponseType::no_file:
      return request == StoreRequestType::borrow_file;
  }
  return false;
}

Error broken(std::string what) { return {Errc::protocol, "object storage: " + std::move(what)}; }

}  // namespace

struct StoreClient::Impl {
  std::uint64_t ask(StoreRequestType type, const ObjectId& object, std::uint64_t payload_bytes,
                    std::vector<Bytes>& frames, Answered when = Answered::at_once);
  Status check(const StoreResponseHeader& header) const;
  Result<std::optional<Answer>> finish(const StoreResponseHeader& header, Bytes payload);

  struct Asked {
    StoreRequestType type;
    ObjectId object;
  };
  std::map<std::uint64_t, Asked> in_flight;  // by request id, which is the order of asking
  std::uint64_t next_id = 0;
  std::optional<StoreResponseHeader> awaiting_payload;
};

std::uint64_t StoreClient::Impl::ask(StoreRequestType type, const ObjectId& object,
                                     std::uint64_t payload_bytes, std::vector<Bytes>& frames,
                                     Answered when) {
  const std::uint64_t id = next_id++;
  in_flight.emplace_hint(in_flight.end(), id, Asked{type, object});
  frames.push_back(
      wire::encode_store_request({object, payload_bytes, id, type, when == Answered::late}));
  return id;
}

Status StoreClient::Impl::check(const StoreResponseHeader& header) const {
  const auto asked = in_flight.find(header.response_id);
  if (asked == in_flight.end())
    return broken(
        fmt::format("an answer to request {}, which is not in flight", header.response_id));
  if (!is_answer_to(asked->second.type, header.type))
    return broken(fmt::format("an answer of type {} to request {} of type {}",
                              static_cast<unsigned>(header.type), header.response_id,
                              static_cast<unsigned>(asked->second.type)));
  if (header.object != asked->second.object)
    return broken(fmt::format("an answer to request {} for another object", header.response_id));
  return ok();
}

Result<std::optional<StoreClient::Answer>> StoreClient::Impl::finish(
    const StoreResponseHeader& header, Bytes payload) {
  in_flight.erase(header.response_id);
  Answer answer{header.response_id, header.type, header.object, std::move(payload), {}};
  if (header.type == StoreResponseType::got_file || header.type == StoreResponseType::lent_file) {
    SCALER_TRY(file, wire::decode_store_file(answer.payload));
    answer.file = file;
  }
  return std::optional(std::move(answer));
}

StoreClient::StoreClient() : impl_(std::make_unique<Impl>()) {}
StoreClient::~StoreClient() = default;

std::uint64_t StoreClient::get(const ObjectId& id, std::vector<Bytes>& frames,
                               std::uint64_t bytes_max) {
  return impl_->ask(StoreRequestType::get, id, bytes_max, frames);
}

std::uint64_t StoreClient::set(const ObjectId& id, Bytes payload, std::vector<Bytes>& frames,
                               Answered when) {
  const std::uint64_t request = impl_->ask(StoreRequestType::set, id, payload.size(), frames, when);
  frames.push_back(std::move(payload));
  return request;
}

std::uint64_t StoreClient::remove(const ObjectId& id, std::vector<Bytes>& frames, Answered when) {
  return impl_->ask(StoreRequestType::remove, id, 0, frames, when);
}

std::uint64_t StoreClient::duplicate(const ObjectId& source, const ObjectId& copy,
                                     std::vector<Bytes>& frames, Answered when) {
  Bytes payload = wire::encode_duplicate_source(source);
  const std::uint64_t request =
      impl_->ask(StoreRequestType::duplicate, copy, payload.size(), frames, when);
  frames.push_back(std::move(payload));
  return request;
}

void StoreClient::take_files(std::vector<Bytes>& frames) {
  frames.push_back(wire::encode_store_request({{}, 0, 0, StoreRequestType::take_files, false}));
}

std::uint64_t StoreClient::borrow_file(std::uint64_t bytes, std::vector<Bytes>& frames) {
  return impl_->ask(StoreRequestType::borrow_file, {}, bytes, frames);
}

std::uint64_t StoreClient::set_file(const ObjectId& id, std::uint64_t number, std::uint64_t bytes,
                                    std::vector<Bytes>& frames, Answered when) {
  Bytes payload = wire::encode_store_file({.number = number, .bytes = bytes});
  const std::uint64_t request =
      impl_->ask(StoreRequestType::set_file, id, payload.size(), frames, when);
  frames.push_back(std::move(payload));
  return request;
}

void StoreClient::return_file(std::uint64_t number, Returned how, std::vector<Bytes>& frames) {
  const auto type =
      how == Returned::clean ? StoreRequestType::return_file : StoreRequestType::abandon_file;
  frames.push_back(wire::encode_store_request({{}, number, 0, type, false}));
}

Result<std::optional<StoreClient::Answer>> StoreClient::on_frame(Bytes frame) {
  if (impl_->awaiting_payload) {
    const StoreResponseHeader header = *std::exchange(impl_->awaiting_payload, std::nullopt);
    if (frame.size() != header.payload_bytes)
      return broken(fmt::format("{} bytes of payload where the header says {}", frame.size(),
                                header.payload_bytes));
    return impl_->finish(header, std::move(frame));
  }
  // The server of 1.12.28 sends an empty payload frame behind a get_ok of length 0.
  if (frame.empty()) return std::optional<Answer>();
  SCALER_TRY(header, wire::decode_store_response(frame));
  SCALER_CHECK(impl_->check(header));
  if (header.payload_bytes == 0) return impl_->finish(header, {});
  impl_->awaiting_payload = header;
  return std::optional<Answer>();
}

std::vector<StoreClient::Pending> StoreClient::on_reconnected() {
  std::vector<Pending> again;
  again.reserve(impl_->in_flight.size());
  for (const auto& [id, asked] : impl_->in_flight) again.push_back({id, asked.type, asked.object});
  impl_->in_flight.clear();
  impl_->next_id = 0;
  impl_->awaiting_payload.reset();
  return again;
}

}  // namespace scaler::store
