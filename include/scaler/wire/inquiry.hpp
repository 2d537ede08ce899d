#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "scaler/base/bytes.hpp"
#include "scaler/base/result.hpp"

// What one of our commands asks a scheduler of ours, inside InformationRequest, and what comes back
// inside InformationResponse. Other schedulers read such a request and say nothing.
// protocol/README.md has the form.
namespace scaler::wire {

enum class QuestionKind : std::uint8_t { status, workers, tasks, why, drain };
enum class AnswerForm : std::uint8_t { text, json };

struct Question {
  QuestionKind kind = QuestionKind::status;
  AnswerForm form = AnswerForm::text;
  std::string subject;  // why: a task's id; drain: a worker's id or a part of it
  // tasks: which; empty: any
  std::string state;
  std::string client;
  std::string worker;
  std::uint32_t limit = 100;
  friend bool operator==(const Question&, const Question&) = default;
};

struct Answer {
  bool understood = true;  // false: `text` says in one line what is wrong with the question
  std::string text;
  friend bool operator==(const Answer&, const Answer&) = default;
};

Bytes encode(const Question& question);
Bytes encode(const Answer& answer);
// Nothing: not one of ours. An error: one of ours, but wrong or newer than this program.
Result<std::optional<Question>> decode_question(ByteView request);
std::optional<Answer> decode_answer(ByteView response);

}  // namespace scaler::wire
