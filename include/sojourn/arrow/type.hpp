// What an Arrow format string says of a column (the Arrow C data interface, "Data type description – format strings").
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sojourn/arrow/c_data.hpp"
#include "sojourn/core/error.hpp"

namespace sojourn::arrow {

enum class Kind : std::uint8_t { null, boolean, integer, floating, string, decimal, date, timestamp, other };

/// The type of a column, or of the values of a dictionary column.
struct Type {
  Kind kind = Kind::other;
  std::string format;               // as declared
  int bits = 0;                     // integer, floating, decimal, date: width of a cell
  bool is_unsigned = false;         // integer
  char layout = 'u';                // string: 'u' (32-bit offsets), 'U' (64-bit offsets), 'v' (views)
  int scale = 0;                    // decimal
  std::int64_t per_second = 0;      // timestamp: units in a second; date in ms: 1000
  std::optional<std::string> zone;  // timestamp
  char index = 0;                   // dictionary: format letter of the index; 0 for a plain column

  [[nodiscard]] bool is_dictionary() const { return index != 0; }

  /// In words, for messages.
  [[nodiscard]] std::string text() const {
    switch (kind) {
      case Kind::null: return "nulls only";
      case Kind::boolean: return "booleans";
      case Kind::integer: return std::to_string(bits) + "-bit integers";
      case Kind::floating: return std::to_string(bits) + "-bit floats";
      case Kind::string: return "strings";
      case Kind::decimal: return "decimals";
      case Kind::date: return "dates";
      case Kind::timestamp: return zone ? "timestamps in zone " + *zone : "timestamps";
      case Kind::other: break;
    }
    return "Arrow type '" + format + "'";
  }
};

inline int integer_bits(char letter) {
  switch (letter) {
    case 'c':
    case 'C': return 8;
    case 's':
    case 'S': return 16;
    case 'i':
    case 'I': return 32;
    case 'l':
    case 'L': return 64;
    default: return 0;
  }
}

/// Reads a format string; unknown ones give Kind::other, which is refused only where the column is used.
inline Type parse_type(const ArrowSchema& schema) {
  if (schema.dictionary != nullptr) {
    Type type = parse_type(*schema.dictionary);
    type.index = schema.format[0];
    if (integer_bits(type.index) == 0) type.kind = Kind::other;
    return type;
  }
  Type type;
  type.format = schema.format;
  const std::string_view f = type.format;
  const auto number = [](std::string_view text) {
    int value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  };
  if (f == "n") {
    type.kind = Kind::null;
  } else if (f == "b") {
    type.kind = Kind::boolean;
  } else if (f.size() == 1 && integer_bits(f[0]) != 0) {
    type.kind = Kind::integer;
    type.bits = integer_bits(f[0]);
    type.is_unsigned = f[0] >= 'A' && f[0] <= 'Z';
  } else if (f == "f" || f == "g") {
    type.kind = Kind::floating;
    type.bits = f == "f" ? 32 : 64;
  } else if (f == "u" || f == "U" || f == "vu") {
    type.kind = Kind::string;
    type.layout = f[0];
  } else if (f.starts_with("d:")) {  // d:precision,scale[,bits]
    const std::size_t first = f.find(','), second = f.find(',', first + 1);
    if (first != std::string_view::npos) {
      type.scale = number(f.substr(first + 1, second - first - 1));
      type.bits = second == std::string_view::npos ? 128 : number(f.substr(second + 1));
      // Beyond 128 bits no amount of money or id needs the digits.
      if (type.scale >= 0 && type.scale <= 38 && (type.bits == 32 || type.bits == 64 || type.bits == 128)) type.kind = Kind::decimal;
    }
  } else if (f == "tdD" || f == "tdm") {
    type.kind = Kind::date;
    type.bits = f == "tdD" ? 32 : 64;
    type.per_second = 1000;
  } else if (f.size() >= 4 && f.starts_with("ts") && f[3] == ':') {
    const std::string_view units = "smun";
    const std::size_t at = units.find(f[2]);
    if (at != std::string_view::npos) {
      static constexpr std::int64_t per_second[] = {1, 1'000, 1'000'000, 1'000'000'000};
      type.kind = Kind::timestamp;
      type.bits = 64;
      type.per_second = per_second[at];
      if (f.size() > 4) type.zone = std::string(f.substr(4));
    }
  }
  return type;
}

}  // namespace sojourn::arrow
