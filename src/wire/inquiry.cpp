#include "scaler/wire/inquiry.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace scaler::wire {
namespace {

constexpr std::string_view question_mark = "scaler-question 1\n";
constexpr std::string_view question_family = "scaler-question ";
constexpr std::string_view answer_mark = "scaler-answer 1 ok\n";
constexpr std::string_view refusal_mark = "scaler-answer 1 error\n";
constexpr std::array<std::string_view, 5> kinds = {"status", "workers", "tasks", "why", "drain"};
constexpr std::size_t question_bytes_max = 4096;
constexpr std::uint32_t limit_max = 10'000;

Error wrong(std::string_view what) { return {Errc::bad_message, std::string(what)}; }

void add_line(std::string& text, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  text += fmt::format("{} ", key);
  for (char letter : value) text += letter == '\n' ? ' ' : letter;
  text += '\n';
}

Status read_kind(std::string_view value, Question& question) {
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (kinds[i] != value) continue;
    question.kind = static_cast<QuestionKind>(i);
    return ok();
  }
  return wrong("this scheduler does not know such a question");
}

Status read_limit(std::string_view value, Question& question) {
  const auto [end, failure] =
      std::from_chars(value.data(), value.data() + value.size(), question.limit);
  const bool whole = failure == std::errc{} && end == value.data() + value.size();
  if (!whole || question.limit == 0 || question.limit > limit_max)
    return wrong(fmt::format("the limit is a number from 1 to {}", limit_max));
  return ok();
}

// A key of a later version changes what is meant, so it is refused rather than overlooked.
Status read_line(std::string_view key, std::string_view value, Question& question) {
  if (key == "kind") return read_kind(value, question);
  if (key == "limit") return read_limit(value, question);
  if (key == "form") {
    question.form = value == "json" ? AnswerForm::json : AnswerForm::text;
    return ok();
  }
  for (const auto& [name, field] :
       {std::pair{"subject", &Question::subject}, std::pair{"state", &Question::state},
        std::pair{"client", &Question::client}, std::pair{"worker", &Question::worker}}) {
    if (key != name) continue;
    question.*field = value;
    return ok();
  }
  return wrong("the question has a part that this scheduler does not know");
}

}  // namespace

Bytes encode(const Question& question) {
  std::string text(question_mark);
  add_line(text, "kind", kinds[static_cast<std::size_t>(question.kind)]);
  add_line(text, "form", question.form == AnswerForm::json ? "json" : "text");
  add_line(text, "subject", question.subject);
  add_line(text, "state", question.state);
  add_line(text, "client", question.client);
  add_line(text, "worker", question.worker);
  add_line(text, "limit", std::to_string(question.limit));
  return Bytes::copy_of(text);
}

Bytes encode(const Answer& answer) {
  return Bytes::copy_of(std::string(answer.understood ? answer_mark : refusal_mark) + answer.text);
}

Result<std::optional<Question>> decode_question(ByteView request) {
  std::string_view text = as_text(request);
  if (!text.starts_with(question_family)) return std::optional<Question>();
  if (!text.starts_with(question_mark)) return wrong("the question is of a newer program");
  if (text.size() > question_bytes_max) return wrong("the question is too long");
  text.remove_prefix(question_mark.size());
  Question question;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return wrong("the question is cut short");
    const std::string_view line = text.substr(0, end);
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return wrong("the question has a line without a value");
    SCALER_CHECK(read_line(line.substr(0, space), line.substr(space + 1), question));
    text.remove_prefix(end + 1);
  }
  return std::optional(std::move(question));
}

std::optional<Answer> decode_answer(ByteView response) {
  const std::string_view text = as_text(response);
  for (const bool understood : {true, false}) {
    const std::string_view mark = understood ? answer_mark : refusal_mark;
    if (text.starts_with(mark)) return Answer{understood, std::string(text.substr(mark.size()))};
  }
  return std::nullopt;
}

}  // namespace scaler::wire
