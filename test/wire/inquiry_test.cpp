#include "scaler/wire/inquiry.hpp"

#include <catch2/catch.hpp>

namespace scaler::wire {

namespace {

Result<std::optional<Question>> decoded(std::string_view text) {
  return decode_question(as_bytes(text));
}

}  // namespace

TEST_CASE("a question and its answer arrive as they left", "[wire]") {
  const Question question{QuestionKind::tasks, AnswerForm::json, "a b", "waiting", "c", "w", 7};
  const auto read = decode_question(encode(question));
  REQUIRE(read);
  REQUIRE(**read == question);
  for (const Answer& answer : {Answer{true, "two\nlines\n"}, Answer{false, "no"}})
    REQUIRE(decode_answer(encode(answer)) == answer);
}

TEST_CASE("what is no question of ours is left to others", "[wire]") {
  for (const char* text : {"", "workers?", "scaler", "scaler-answer 1 ok\n"}) {
    const auto read = decoded(text);
    REQUIRE(read);
    REQUIRE_FALSE(*read);
  }
  REQUIRE_FALSE(decode_answer(as_bytes("scaler-answer 2 ok\n")));
}

TEST_CASE("a question that is wrong, newer or too long is refused, not guessed at", "[wire]") {
  for (const std::string& text :
       {std::string("scaler-question 2\nkind why\n"), std::string("scaler-question 1\nkind when\n"),
        std::string("scaler-question 1\nkind why"), std::string("scaler-question 1\nkind\n"),
        std::string("scaler-question 1\nlimit 0\n"), std::string("scaler-question 1\nlimit 1e9\n"),
        std::string("scaler-question 1\nlimit 99999999999\n"),
        std::string("scaler-question 1\nforce yes\n"),
        "scaler-question 1\nsubject " + std::string(5000, 'x') + "\n"}) {
    CAPTURE(text.substr(0, 60));
    REQUIRE_FALSE(decoded(text));
  }
}

TEST_CASE("a line break inside a value cannot add a line to a question", "[wire]") {
  Question question;
  question.kind = QuestionKind::why;
  question.subject = "x\nkind drain";
  const auto read = decode_question(encode(question));
  REQUIRE(read);
  REQUIRE((*read)->kind == QuestionKind::why);
  REQUIRE((*read)->subject == "x kind drain");
}

}  // namespace scaler::wire
