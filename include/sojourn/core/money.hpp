// Exact money: whole minor units of one currency. Nothing is rounded unless a rate is applied; nothing overflows unseen.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "sojourn/core/error.hpp"
#include "sojourn/core/exact_sum.hpp"

namespace sojourn {

/// A currency by its ISO 4217 code ("" where amounts carry none), and how many decimal digits its minor unit has.
struct Currency {
  std::string code = {};
  int digits = 2;

  /// @throws InvalidInput unless the code is three capital letters.
  static Currency of(std::string_view code, const std::string& place) {
    const auto capital = [](char c) { return c >= 'A' && c <= 'Z'; };
    if (code.size() != 3 || !capital(code[0]) || !capital(code[1]) || !capital(code[2]))
      refuse(place, "'" + std::string(code.substr(0, 40)) + "'", "a currency code of three capital letters, as 'USD'");
    return {std::string(code), digits_of(code)};
  }

  /// Digits of the minor unit (ISO 4217, list one); 2 for every code that is not an exception.
  static int digits_of(std::string_view code) {
    static constexpr std::array<std::pair<const char*, int>, 26> exceptions = {
        {{"BIF", 0}, {"CLP", 0}, {"DJF", 0}, {"GNF", 0}, {"ISK", 0}, {"JPY", 0}, {"KMF", 0}, {"KRW", 0}, {"PYG", 0},
         {"RWF", 0}, {"UGX", 0}, {"UYI", 0}, {"VND", 0}, {"VUV", 0}, {"XAF", 0}, {"XOF", 0}, {"XPF", 0}, {"BHD", 3},
         {"IQD", 3}, {"JOD", 3}, {"KWD", 3}, {"LYD", 3}, {"OMR", 3}, {"TND", 3}, {"CLF", 4}, {"UYW", 4}}};
    for (const auto& [name, digits] : exceptions)
      if (code == name) return digits;
    return 2;
  }

  friend bool operator==(const Currency&, const Currency&) = default;
};

/// 10^n, 0 ≤ n ≤ 38.
inline Int128 power_of_ten(int n) {
  Int128 power = 1;
  for (int i = 0; i < n; ++i) power *= 10;
  return power;
}

/// An amount of one currency. Operations on two currencies, and those that leave 64 bits, throw InvalidInput.
class Money {
 public:
  Money() = default;
  Money(std::int64_t minor, Currency currency) : minor_(minor), currency_(std::move(currency)) {}

  [[nodiscard]] std::int64_t minor() const { return minor_; }
  [[nodiscard]] const Currency& currency() const { return currency_; }

  friend Money operator+(const Money& a, const Money& b) {
    std::int64_t sum = 0;
    a.must_match(b);
    if (__builtin_add_overflow(a.minor_, b.minor_, &sum)) overflow();
    return {sum, a.currency_};
  }
  friend Money operator-(const Money& a, const Money& b) {
    std::int64_t difference = 0;
    a.must_match(b);
    if (__builtin_sub_overflow(a.minor_, b.minor_, &difference)) overflow();
    return {difference, a.currency_};
  }
  friend Money operator*(const Money& a, std::int64_t times) {
    std::int64_t product = 0;
    if (__builtin_mul_overflow(a.minor_, times, &product)) overflow();
    return {product, a.currency_};
  }
  friend bool operator==(const Money&, const Money&) = default;

 private:
  void must_match(const Money& other) const {
    if (!(currency_ == other.currency_)) refuse("money", "amounts in '" + currency_.code + "' and '" + other.currency_.code + "'", "one currency");
  }
  [[noreturn]] static void overflow() { refuse("money", "an amount beyond 64 bits of minor units", "one that fits them"); }

  std::int64_t minor_ = 0;
  Currency currency_;
};

/// A decimal number exactly: unscaled × 10^-scale.
struct Decimal {
  Int128 unscaled = 0;
  int scale = 0;

  /// The shortest decimal that reads back as this double ("1.1" for 1.1). nullopt: not finite, or with more than 38 places or digits.
  static std::optional<Decimal> shortest(double x) {
    if (!std::isfinite(x)) return std::nullopt;
    char text[64];
    const auto end = std::to_chars(text, text + sizeof text, x, std::chars_format::scientific).ptr;
    return parse({text, static_cast<std::size_t>(end - text)});
  }

  /// "-12.5", "3e-2".
  static std::optional<Decimal> parse(std::string_view text) {
    constexpr int most = 36;
    Decimal out;
    std::size_t i = 0;
    const bool minus = !text.empty() && text[0] == '-';
    if (minus) ++i;
    int digits = 0;
    bool point = false, any = false;
    for (; i < text.size() && (text[i] == '.' || (text[i] >= '0' && text[i] <= '9')); ++i) {
      if (text[i] == '.') {
        if (std::exchange(point, true)) return std::nullopt;
        continue;
      }
      any = true;
      if ((out.unscaled != 0 || text[i] != '0') && ++digits > most) return std::nullopt;
      out.unscaled = out.unscaled * 10 + (text[i] - '0');
      out.scale += point;
    }
    if (!any) return std::nullopt;
    if (i < text.size()) {
      if (text[i] != 'e' && text[i] != 'E') return std::nullopt;
      if (text[++i] == '+') ++i;
      int exponent = 0;
      const auto [end, error] = std::from_chars(text.data() + i, text.data() + text.size(), exponent);
      if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
      out.scale -= exponent;
    }
    if (out.unscaled == 0) return Decimal{};
    while (out.scale > 0 && out.unscaled % 10 == 0) out.unscaled /= 10, --out.scale;
    for (; out.scale < 0; ++out.scale) {
      if (++digits > most) return std::nullopt;
      out.unscaled *= 10;
    }
    if (out.scale > most) return std::nullopt;
    if (minus) out.unscaled = -out.unscaled;
    return out;
  }
};

/// Why a value is not an amount of money.
enum class MoneyFault : std::uint8_t { none, not_finite, off_minor_unit, overflow };

/// Minor units of a decimal amount in major units: exact or refused.
inline MoneyFault to_minor(const Decimal& value, int digits, std::int64_t& minor) {
  Int128 scaled = value.unscaled;
  if (value.scale > digits) {
    const Int128 divisor = power_of_ten(value.scale - digits);
    if (scaled % divisor != 0) return MoneyFault::off_minor_unit;
    scaled /= divisor;
  } else if (__builtin_mul_overflow(scaled, power_of_ten(digits - value.scale), &scaled)) {
    return MoneyFault::overflow;
  }
  if (scaled < INT64_MIN || scaled > INT64_MAX) return MoneyFault::overflow;
  minor = static_cast<std::int64_t>(scaled);
  return MoneyFault::none;
}

/// Minor units of an integer amount in major units.
inline MoneyFault to_minor(std::int64_t major, int digits, std::int64_t& minor) {
  return __builtin_mul_overflow(major, static_cast<std::int64_t>(power_of_ten(digits)), &minor) ? MoneyFault::overflow : MoneyFault::none;
}

/// Minor units of a float amount in major units. Floats cannot hold cents; one is taken for the minor unit that its shortest decimal lies
/// within 1e-6 (of a major unit) of, and refused where there is none.
inline MoneyFault to_minor(double major, int digits, std::int64_t& minor) {
  static constexpr double powers[] = {1.0, 10.0, 100.0, 1000.0, 10000.0};
  // Below 2^36 minor units the product's own rounding (2^-17 at most) is far inside the tolerance.
  const double scaled = major * powers[digits], nearest = std::nearbyint(scaled);
  if (std::fabs(scaled) < 0x1p36 && std::fabs(scaled - nearest) <= 0.9e-6 * powers[digits]) {
    minor = static_cast<std::int64_t>(nearest);
    return MoneyFault::none;
  }
  if (!std::isfinite(major)) return MoneyFault::not_finite;
  if (std::fabs(major) < 1e-9) {
    minor = 0;
    return MoneyFault::none;
  }
  const std::optional<Decimal> exact = Decimal::shortest(major);
  if (!exact) return std::fabs(major) < 1 ? MoneyFault::off_minor_unit : MoneyFault::overflow;
  const Int128 step = power_of_ten(std::max(0, exact->scale - digits));
  const Int128 down = exact->unscaled / step, rest = exact->unscaled - down * step;  // both towards zero
  const Int128 far = rest < 0 ? -rest : rest, gap = std::min(far, step - far);
  // gap / 10^scale ≤ 1e-6
  if (exact->scale >= 6 ? gap > power_of_ten(exact->scale - 6) : exact->scale > digits && gap != 0) return MoneyFault::off_minor_unit;
  const Int128 whole = far > step - far ? down + (rest < 0 ? -1 : 1) : down;
  return to_minor(Decimal{whole, std::min(exact->scale, digits)}, digits, minor);
}

/// "12.30", for messages.
inline std::string to_string(const Money& money) {
  const bool minus = money.minor() < 0;
  std::string text = std::to_string(minus ? 0 - static_cast<std::uint64_t>(money.minor()) : static_cast<std::uint64_t>(money.minor()));
  const auto digits = static_cast<std::size_t>(money.currency().digits);
  if (text.size() <= digits) text.insert(0, digits + 1 - text.size(), '0');
  if (digits > 0) text.insert(text.size() - digits, ".");
  return (minus ? "-" : "") + text + (money.currency().code.empty() ? "" : " " + money.currency().code);
}

}  // namespace sojourn
