// The clock machines on SimGrid: `machines NODES SECONDS` prints the number of events (ticks and
// arrivals) and the seconds that they took.
//
// The model is written as SimGrid's users write theirs: a machine is an actor with a mailbox, a
// tick is the end of a sleep, and a message is a detached `put` of no bytes. All actors are on one
// host, whose loopback takes no time, so no routes are computed.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include <simgrid/s4u.hpp>

namespace sg4 = simgrid::s4u;

constexpr uint64_t FACES = 10;
constexpr uint64_t SEED = 262;

// Ticks and arrivals, of all machines.
static uint64_t events = 0;

class Machine
{
public:
  Machine(uint64_t number, const std::vector<sg4::Mailbox*>& mailboxes)
      : number_(number), mailboxes_(mailboxes), random_(SEED + number), rate_(1 + below(6))
  {
  }

  void operator()()
  {
    sg4::Mailbox* inbox = mailboxes_[number_];
    const double period = 1.0 / static_cast<double>(rate_);
    uint64_t clock      = 0;
    while (true) {
      sg4::this_actor::sleep_for(period);
      ++events;
      if (inbox->listen()) {
        const auto received = inbox->get_unique<uint64_t>();
        clock               = std::max(clock, *received) + 1;
        continue;
      }
      ++clock;
      const uint64_t others = mailboxes_.size() - 1;
      const uint64_t roll   = below(FACES);
      if (roll < 2) {
        send(below(others), clock);
      } else if (roll == 2) {
        const uint64_t first  = below(others);
        const uint64_t second = below(others - 1);
        send(first, clock);
        send(second + (second >= first), clock);
      }
    }
  }

private:
  uint64_t below(uint64_t count)
  {
    return std::uniform_int_distribution<uint64_t>(0, count - 1)(random_);
  }

  void send(uint64_t peer, uint64_t clock)
  {
    ++events;
    mailboxes_[(number_ + 1 + peer) % mailboxes_.size()]->put_init(new uint64_t(clock), 0)->detach();
  }

  uint64_t number_;
  const std::vector<sg4::Mailbox*>& mailboxes_;
  std::mt19937_64 random_;
  // Ticks per second.
  uint64_t rate_;
};

int main(int count, char** words)
{
  sg4::Engine engine(&count, words);
  if (count != 3) {
    std::fprintf(stderr, "usage: machines NODES SECONDS\n");
    return 2;
  }
  const uint64_t nodes = std::strtoull(words[1], nullptr, 10);
  sg4::NetZone* zone   = sg4::create_full_zone("all");
  sg4::Host* host      = zone->create_host("host", 1e9);
  zone->seal();
  std::vector<sg4::Mailbox*> mailboxes;
  for (uint64_t number = 0; number < nodes; ++number)
    mailboxes.push_back(sg4::Mailbox::by_name(std::to_string(number)));
  for (uint64_t number = 0; number < nodes; ++number)
    // A daemon does not keep the simulation from its end.
    sg4::Actor::create("machine", host, Machine(number, mailboxes))->daemonize();
  const double seconds = std::strtod(words[2], nullptr);
  sg4::Actor::create("end", host, [seconds]() { sg4::this_actor::sleep_for(seconds); });
  const auto start = std::chrono::steady_clock::now();
  engine.run();
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  std::printf("%llu %.6f\n", static_cast<unsigned long long>(events), time.count());
  // Ending the actors is not measured, and not needed.
  std::fflush(stdout);
  std::_Exit(0);
}
