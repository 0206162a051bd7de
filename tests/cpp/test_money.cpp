#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "sojourn/core/money.hpp"

using namespace sojourn;

namespace {

/// Minor units, or the fault as a negative number far from any amount used here.
template <class T>
std::int64_t minor_of(T value, int digits = 2) {
  std::int64_t minor = 0;
  const MoneyFault fault = to_minor(value, digits, minor);
  return fault == MoneyFault::none ? minor : -1'000'000 - static_cast<int>(fault);
}
std::int64_t fault(MoneyFault f) { return -1'000'000 - static_cast<int>(f); }

}  // namespace

TEST_CASE("money adds, subtracts and multiplies exactly, in one currency") {
  const Currency usd = Currency::of("USD", "test"), yen = Currency::of("JPY", "test");
  CHECK(Money(1050, usd) + Money(50, usd) == Money(1100, usd));
  CHECK(Money(1050, usd) - Money(1100, usd) == Money(-50, usd));
  CHECK(Money(1050, usd) * 3 == Money(3150, usd));
  CHECK_THROWS_AS(Money(1, usd) + Money(1, yen), InvalidInput);
  CHECK_THROWS_AS(Money(INT64_MAX, usd) + Money(1, usd), InvalidInput);
  CHECK_THROWS_AS(Money(INT64_MIN, usd) - Money(1, usd), InvalidInput);
  CHECK_THROWS_AS(Money(INT64_MAX, usd) * 2, InvalidInput);
}

TEST_CASE("money in words") {
  CHECK(to_string(Money(-5, Currency::of("USD", "test"))) == "-0.05 USD");
  CHECK(to_string(Money(123456, Currency{})) == "1234.56");
  CHECK(to_string(Money(120, Currency::of("JPY", "test"))) == "120 JPY");
  CHECK(to_string(Money(INT64_MIN, Currency{})) == "-92233720368547758.08");
}

TEST_CASE("currencies know their minor units") {
  CHECK(Currency::of("EUR", "test").digits == 2);
  CHECK(Currency::of("KRW", "test").digits == 0);
  CHECK(Currency::of("BHD", "test").digits == 3);
  CHECK(Currency::of("CLF", "test").digits == 4);
  CHECK_THROWS_AS(Currency::of("usd", "test"), InvalidInput);
  CHECK_THROWS_AS(Currency::of("US", "test"), InvalidInput);
}

TEST_CASE("floats are the minor unit they lie within 1e-6 of") {
  CHECK(minor_of(0.1 + 0.2) == 30);
  CHECK(minor_of(19.99) == 1999);
  CHECK(minor_of(-19.99) == -1999);
  CHECK(minor_of(19.990001) == 1999);
  CHECK(minor_of(19.989999) == 1999);
  CHECK(minor_of(19.9900011) == fault(MoneyFault::off_minor_unit));
  CHECK(minor_of(0.004) == fault(MoneyFault::off_minor_unit));
  CHECK(minor_of(1e-7) == 0);
  CHECK(minor_of(-1e-300) == 0);
  CHECK(minor_of(1.0005, 3) == fault(MoneyFault::off_minor_unit));
  CHECK(minor_of(1.001, 3) == 1001);
  CHECK(minor_of(1500.0, 0) == 1500);
  CHECK(minor_of(0.5, 0) == fault(MoneyFault::off_minor_unit));
  CHECK(minor_of(std::numeric_limits<double>::quiet_NaN()) == fault(MoneyFault::not_finite));
  CHECK(minor_of(std::numeric_limits<double>::infinity()) == fault(MoneyFault::not_finite));
  CHECK(minor_of(1e300) == fault(MoneyFault::overflow));
}

TEST_CASE("large floats go by their shortest decimal") {
  // Doubles near 9e14 lie 0.125 apart: the amount written was …,99.
  CHECK(minor_of(123456789012345.12) == 12345678901234512);
  CHECK(minor_of(900000000000000.5) == 90000000000000050);
  CHECK(minor_of(9e16) == 9'000'000'000'000'000'000);
  CHECK(minor_of(1e17) == fault(MoneyFault::overflow));
  CHECK(minor_of(687194767.36) == 68719476736);
}

TEST_CASE("every cent survives the float") {
  for (std::int64_t minor = -2'000'000; minor <= 2'000'000; minor += 7) CHECK_EQ(minor_of(static_cast<double>(minor) / 100), minor);
  for (std::int64_t minor = 1; minor < 90'071'992'547'409'92; minor = minor * 3 + 1) CHECK_EQ(minor_of(static_cast<double>(minor) / 100), minor);
}

TEST_CASE("integers are major units") {
  CHECK(minor_of(std::int64_t{12}) == 1200);
  CHECK(minor_of(std::int64_t{12}, 0) == 12);
  CHECK(minor_of(std::int64_t{1} << 62) == fault(MoneyFault::overflow));
}

TEST_CASE("decimals are exact or refused") {
  CHECK(minor_of(Decimal{123, 1}) == 1230);
  CHECK(minor_of(Decimal{12300, 4}) == 123);
  CHECK(minor_of(Decimal{12301, 4}) == fault(MoneyFault::off_minor_unit));
  CHECK(minor_of(Decimal{power_of_ten(30), 0}) == fault(MoneyFault::overflow));
}

TEST_CASE("decimals are read as written") {
  const auto is = [](const char* text, Int128 unscaled, int scale) {
    const auto read = Decimal::parse(text);
    return read && read->unscaled == unscaled && read->scale == scale;
  };
  CHECK(is("1.10", 11, 1));
  CHECK(is("-0.5", -5, 1));
  CHECK(is("3e-2", 3, 2));
  CHECK(is("1.5e+3", 1500, 0));
  CHECK(is("0.000", 0, 0));
  CHECK(!Decimal::parse("").has_value());
  CHECK(!Decimal::parse("1.2.3").has_value());
  CHECK(!Decimal::parse("1x").has_value());
  CHECK(!Decimal::parse("1e99").has_value());
  CHECK(Decimal::shortest(1.1)->unscaled == 11);
  CHECK(!Decimal::shortest(std::numeric_limits<double>::infinity()).has_value());
}
