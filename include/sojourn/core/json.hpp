// JSON values that know where in the file they stand, so that an error can say "moments[3].when.within".
#pragma once

#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sojourn/core/error.hpp"

namespace sojourn {

/// A JSON value and its place. Reading what is not there, or of another type, throws InvalidInput with the place.
class JsonCursor {
 public:
  JsonCursor(const boost::json::value& value, std::string place) : value_(&value), place_(std::move(place)) {}

  [[nodiscard]] const std::string& place() const { return place_; }
  [[nodiscard]] const boost::json::value& value() const { return *value_; }

  [[noreturn]] void fail(const std::string& expected) const { refuse(place_.empty() ? "JSON" : place_, shown(), expected); }

  /// The value for messages: short, on one line.
  [[nodiscard]] std::string shown() const {
    if (value_->is_object()) return "an object";
    if (value_->is_array()) return "a list";
    std::string text = boost::json::serialize(*value_);
    if (text.size() > 80) text = text.substr(0, 77) + "…";
    return text;
  }

  [[nodiscard]] bool is_null() const { return value_->is_null(); }
  [[nodiscard]] bool is_string() const { return value_->is_string(); }
  [[nodiscard]] bool is_object() const { return value_->is_object(); }
  [[nodiscard]] bool is_array() const { return value_->is_array(); }

  [[nodiscard]] std::string string() const {
    if (!value_->is_string()) fail("a string");
    return std::string(value_->get_string());
  }
  [[nodiscard]] bool boolean() const {
    if (!value_->is_bool()) fail("true or false");
    return value_->get_bool();
  }
  [[nodiscard]] std::int64_t integer() const {
    if (value_->is_int64()) return value_->get_int64();
    if (value_->is_double()) {
      const double x = value_->get_double();
      if (x > -1e15 && x < 1e15 && x == static_cast<double>(static_cast<std::int64_t>(x))) return static_cast<std::int64_t>(x);
    }
    fail("a whole number");
  }
  [[nodiscard]] double number() const {
    if (value_->is_int64()) return static_cast<double>(value_->get_int64());
    if (value_->is_uint64()) return static_cast<double>(value_->get_uint64());
    if (value_->is_double()) return value_->get_double();
    fail("a number");
  }

  [[nodiscard]] std::vector<JsonCursor> items() const {
    if (!value_->is_array()) fail("a list");
    std::vector<JsonCursor> out;
    std::size_t i = 0;
    for (const boost::json::value& item : value_->get_array()) out.emplace_back(item, place_ + "[" + std::to_string(i++) + "]");
    return out;
  }

  /// Members in the order of the file.
  [[nodiscard]] std::vector<std::pair<std::string, JsonCursor>> members() const {
    std::vector<std::pair<std::string, JsonCursor>> out;
    for (const auto& member : object()) out.emplace_back(std::string(member.key()), at(member.key(), member.value()));
    return out;
  }

  [[nodiscard]] std::optional<JsonCursor> find(std::string_view key) const {
    const boost::json::value* member = object().if_contains(key);
    if (member == nullptr) return std::nullopt;
    return at(key, *member);
  }
  [[nodiscard]] JsonCursor require(std::string_view key) const {
    if (auto member = find(key)) return *member;
    refuse(place_.empty() ? "JSON" : place_, "no '" + std::string(key) + "'", "one");
  }

  /// @throws InvalidInput for a key that is not among `known`, with a "did you mean".
  void only(std::span<const std::string> known) const {
    for (const auto& member : object()) {
      const std::string key(member.key());
      if (std::find(known.begin(), known.end(), key) == known.end())
        throw InvalidInput((place_.empty() ? "" : place_ + ": ") + "found unknown key '" + key + "'" + did_you_mean(key, known) + ", expected " +
                           listed(known));
    }
  }

 private:
  [[nodiscard]] const boost::json::object& object() const {
    if (!value_->is_object()) fail("an object");
    return value_->get_object();
  }
  [[nodiscard]] JsonCursor at(std::string_view key, const boost::json::value& member) const {
    return {member, place_.empty() ? std::string(key) : place_ + "." + std::string(key)};
  }

  const boost::json::value* value_;
  std::string place_;
};

namespace detail {

/// Where a key stands for the second time in its object, in text that is JSON; npos where none does. (A parser keeps the last of two in
/// silence.) Keys are compared as written.
inline std::size_t repeated_key(std::string_view text) {
  std::vector<std::set<std::string_view>> open;  // one set of keys an object; lists have an empty one
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '{' || c == '[') open.emplace_back();
    if (c == '}' || c == ']') open.pop_back();
    if (c != '"') continue;
    const std::size_t begin = i++;
    while (text[i] != '"') i += text[i] == '\\' ? 2 : 1;
    const std::size_t next = text.find_first_not_of(" \t\r\n", i + 1);
    const bool key = next != std::string_view::npos && text[next] == ':';
    if (key && !open.back().insert(text.substr(begin, i - begin)).second) return begin;
  }
  return std::string_view::npos;
}

/// "line 3, column 7" of a place in a text.
inline std::string line_and_column(std::string_view text, std::size_t at) {
  std::size_t line = 1, column = 1;
  for (const char c : text.substr(0, at)) {
    column = c == '\n' ? 1 : column + 1;
    line += c == '\n';
  }
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

}  // namespace detail

/// Parses JSON text. @param what names the text in the message. @throws InvalidInput with line and column; also for a key that stands twice.
inline boost::json::value parse_json(std::string_view text, const std::string& what) {
  boost::json::parse_options options;
  options.max_depth = 64;  // a hostile file must not exhaust the stack
  boost::json::stream_parser parser({}, options);
  boost::system::error_code error;
  const std::size_t read = parser.write_some(text.data(), text.size(), error);
  if (!error) parser.finish(error);
  const bool whole = !error && text.find_first_not_of(" \t\r\n", read) == std::string_view::npos;
  if (!whole) refuse(what + ", " + detail::line_and_column(text, read), error ? error.message() : "more text after the value", "JSON");
  if (const std::size_t at = detail::repeated_key(text); at != std::string_view::npos)
    refuse(what + ", " + detail::line_and_column(text, at), "a key for the second time in its object", "every key once");
  return parser.release();
}

}  // namespace sojourn
