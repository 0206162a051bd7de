// The model by hand and by properties: delays on the grid, exposure, the objective that never falls, threads that do not show, a planted rate.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/events/ingest.hpp"
#include "sojourn/listening/attribution.hpp"
#include "sojourn/listening/calibration.hpp"
#include "sojourn/listening/refits.hpp"
#include "sojourn/stats/delay.hpp"

using namespace sojourn;

namespace {

/// Planted: moment m of customer c causes a voice with chance `rate[m]` after an exponential delay of `mean[m]` days; background .2 a year.
struct World {
  std::shared_ptr<const Matches> matches;
  std::shared_ptr<const Feedback> feedback;
  std::vector<int> cause;  // of each voice; -1: background
  std::vector<double> happened;
};

World planted(std::uint64_t seed, std::size_t customers, const std::vector<double>& rate, const std::vector<double>& mean) {
  std::mt19937_64 random(seed);
  const auto chance = [&] { return std::uniform_real_distribution<double>()(random); };
  constexpr double year = 365;
  struct Said {
    std::int64_t customer, time;
    int cause;
  };
  Ints customer;
  Times time;
  std::vector<std::string> event;
  std::vector<Said> said;
  World out;
  out.happened.resize(rate.size());
  for (std::size_t c = 0; c < customers; ++c) {
    for (std::size_t m = 0; m < rate.size(); ++m)
      for (double t = -std::log(chance()) * 200; t < year; t -= std::log(chance()) * 200) {
        customer.values.push_back(static_cast<std::int64_t>(c));
        time.values.push_back(static_cast<std::int64_t>(t * static_cast<double>(micros_per_day)));
        event.push_back("m" + std::to_string(m));
        out.happened[m] += 1;
        const double after = t - std::log(chance()) * mean[m];
        if (chance() < rate[m] && after < year)
          said.push_back({static_cast<std::int64_t>(c), static_cast<std::int64_t>(after * static_cast<double>(micros_per_day)), static_cast<int>(m)});
      }
    for (double t = -std::log(chance()) * 5 * year; t < year; t -= std::log(chance()) * 5 * year)
      said.push_back({static_cast<std::int64_t>(c), static_cast<std::int64_t>(t * static_cast<double>(micros_per_day)), -1});
  }
  Table events;
  events.columns.push_back({"customer", std::move(customer)});
  events.columns.push_back({"time", std::move(time)});
  events.columns.push_back({"event", strings(event)});
  Journey::Parts parts;
  parts.stages = {{"s"}};
  for (std::size_t m = 0; m < rate.size(); ++m) parts.moments.push_back({"m" + std::to_string(m), "s", Pattern::event("m" + std::to_string(m))});
  out.matches = std::make_shared<const Matches>(match(Journey(parts), ingest(std::move(events))));
  Table voices;
  Ints who;
  Times when;
  std::vector<std::string> topic;
  for (const Said& s : said) {
    who.values.push_back(s.customer);
    when.values.push_back(s.time);
    topic.push_back(chance() < 0.7 ? "t" + std::to_string(s.cause) : "other");
    out.cause.push_back(s.cause);
  }
  voices.columns.push_back({"customer", std::move(who)});
  voices.columns.push_back({"time", std::move(when)});
  voices.columns.push_back({"topic", strings(topic)});
  FeedbackOptions options;
  options.columns.topic = "topic";
  out.feedback = std::make_shared<const Feedback>(read_feedback(std::move(voices), out.matches, options));
  return out;
}

AttributeOptions with_threads(std::size_t threads) {
  AttributeOptions options;
  options.run.threads = threads;
  return options;
}

}  // namespace

TEST_CASE("the grid of delays: positions lie between their edges, beyond the horizon in the last step") {
  const DelayGrid grid(60);
  CHECK(grid.edge(0) == 0);
  CHECK(grid.edge(DelayGrid::steps) == 60);
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    const double age = 60 * std::pow(std::uniform_real_distribution<double>()(random), 4);
    const std::size_t j = grid.step(age);
    REQUIRE(grid.edge(j) <= age);
    REQUIRE(age <= grid.edge(j + 1));
    const double at = grid.position(age);
    const auto k = std::min(static_cast<std::size_t>(at), DelayGrid::steps - 1);
    REQUIRE(grid.edge(k) + (at - static_cast<double>(k)) * grid.width(k) == doctest::Approx(age).epsilon(1e-12));
  }
  for (std::size_t j = 0; j < DelayGrid::steps; ++j) CHECK(grid.step(grid.edge(j)) == j);
  CHECK(grid.step(1000) == DelayGrid::steps - 1);
  CHECK(grid.position(60) == DelayGrid::steps);
}

TEST_CASE("a delay fitted to exact ages finds its parameters, whole or censored; no step lowers what it maximises") {
  const DelayGrid grid(60);
  for (const DelayShape shape : delay_shapes) {
    const Delay truth(shape, grid, 4);
    CHECK(std::accumulate(truth.masses().begin(), truth.masses().end(), 0.0) == doctest::Approx(1));
    for (const double censored : {0.0, 0.5}) {  // half of the occurrences are watched for 5 days only
      std::vector<double> ages(DelayGrid::steps), exposure(DelayGrid::steps + 1);
      const std::size_t seen = grid.step(5);
      const double n = 1e6;
      for (std::size_t j = 0; j < DelayGrid::steps; ++j) ages[j] = n * truth.masses()[j] * (j < seen ? 1 : 1 - censored);
      exposure[seen] = n * censored;
      Delay found(shape, grid, 15);
      const auto objective = [&] {
        double sum = found.log_prior();
        for (std::size_t j = 0; j < DelayGrid::steps; ++j) sum += ages[j] * std::log(found.masses()[j]);
        for (std::size_t e = 0; e <= DelayGrid::steps; ++e) sum -= exposure[e] * found.cumulative()[e];
        return sum;
      };
      double before = objective();
      for (int i = 0; i < 60; ++i) {
        found.improve({ages, exposure}, grid);
        const double after = objective();
        REQUIRE(after >= before - 1e-9 * std::fabs(before));
        before = after;
      }
      CHECK(found.mean(grid) == doctest::Approx(truth.mean(grid)).epsilon(0.01));
    }
  }
}

TEST_CASE("planted rates are found; the objective never falls; weights sum to 1") {
  const World world = planted(3, 6000, {0.2, 0.1, 0.3}, {2, 6, 10});
  const Attribution found = attribute(world.matches, world.feedback, with_threads(4));
  const Declustering& model = *found.model;
  CHECK(model.fit.converged);
  for (std::size_t i = 1; i < model.fit.trace.size(); ++i) CHECK(model.fit.trace[i] >= model.fit.trace[i - 1] - 1e-9 * std::fabs(model.fit.trace[i]));
  const double planted_rate[] = {0.2, 0.1, 0.3}, planted_mean[] = {2, 6, 10};
  for (std::size_t m = 0; m < 3; ++m) {
    const double standard_error = std::sqrt(planted_rate[m] / world.happened[m]) * 1.5;  // some of the voices might be others'
    CHECK(std::fabs(model.fit.model.rate[m] - planted_rate[m]) < 4 * standard_error);
    CHECK(model.fit.model.delays[m].mean(model.data.grid) / static_cast<double>(micros_per_day) == doctest::Approx(planted_mean[m]).epsilon(0.1));
  }
  std::vector<KnownCause> known(found.how.size());
  for (std::size_t v = 0; v < found.how.size(); ++v) {
    double sum = found.unattributed[v];
    for (const VoiceShare& share : found.of_voice(v)) sum += share.weight;
    REQUIRE(std::fabs(sum - 1) < 1e-12);
    known[v].known = world.cause[v] < 0;  // of the background at least the truth is plain
  }
  CHECK(calibrate(found, known).voices > 1000);
}

TEST_CASE("the same bits for any number of threads, in refits too") {
  const World world = planted(5, 1500, {0.2, 0.1}, {2, 6});
  const Attribution one = attribute(world.matches, world.feedback, with_threads(1));
  const Refits one_refits = refit(one, {12, 3, {1}});
  for (const std::size_t threads : {2, 3, 4}) {
    const Attribution other = attribute(world.matches, world.feedback, with_threads(threads));
    CHECK(one.shares == other.shares);
    CHECK(one.unattributed == other.unattributed);
    CHECK(one.model->fit.trace == other.model->fit.trace);
    CHECK(one_refits.voices == refit(other, {12, 3, {threads}}).voices);
  }
  CHECK(one_refits.voices != refit(one, {12, 4, {1}}).voices);
}

TEST_CASE("exposure: as a sum over occurrences by itself") {
  const World world = planted(7, 300, {0.2, 0.1}, {2, 6});
  const DeclusteringData data = declustering_data(*world.feedback, days(60), {});
  const Delay delay(DelayShape::exponential, data.grid, data.grid.horizon() / 8);
  std::vector<double> weight(world.matches->log->customers());
  for (std::size_t c = 0; c < weight.size(); ++c) weight[c] = 0.5 + static_cast<double>(c % 3);
  const ExposureSums sums = data.exposure.sum(weight);
  std::vector<double> heard(2);
  for (const Occurrence& o : world.matches->occurrences) {
    const ListeningWindow window = fitted_window(*world.matches, o.customer, days(60).fixed.count());
    const double age = std::min<double>(static_cast<double>(window.to - o.time), data.grid.horizon());
    const double at = data.grid.position(age);
    const auto j = std::min(static_cast<std::size_t>(at), DelayGrid::steps - 1);
    const double K = delay.cumulative()[j] + (at - static_cast<double>(j)) * delay.masses()[j];
    heard[o.moment] += age > 0 ? weight[o.customer] * K : 0;
  }
  for (std::size_t m = 0; m < 2; ++m) CHECK(sums.of(data.exposure.cell(m, 0, 0), delay.cumulative()) == doctest::Approx(heard[m]).epsilon(1e-9));
}

TEST_CASE("a horizon in months is refused, and so are refits without draws") {
  const World world = planted(9, 50, {0.2}, {2});
  AttributeOptions options;
  options.horizon = Duration::parse("2 months", "horizon");
  CHECK_THROWS_AS(attribute(world.matches, world.feedback, options), InvalidInput);
  CHECK_THROWS_AS(refit(attribute(world.matches, world.feedback), {.draws = 1}), InvalidInput);
}
