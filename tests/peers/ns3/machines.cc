// The clock machines on ns-3: `machines NODES SECONDS` prints the number of events (ticks and
// arrivals) and the seconds that they took.
//
// The model is written as ns-3's users write theirs: a tick is an event that a machine schedules
// for itself, and a message is an event of its receiver. No packets and no devices: a message
// takes no time. The scheduler is the default one.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <vector>

#include <ns3/core-module.h>

constexpr uint64_t FACES = 10;
constexpr uint64_t SEED = 262;

class Machine
{
  public:
    Machine(uint64_t number, std::vector<Machine>& machines)
        : number(number), machines(machines), random(SEED + number), rate(1 + Below(6))
    {
    }

    void Start()
    {
        ns3::Simulator::Schedule(Period(), &Machine::Tick, this);
    }

    uint64_t events = 0;

  private:
    ns3::Time Period() const
    {
        return ns3::NanoSeconds(1'000'000'000 / rate);
    }

    uint64_t Below(uint64_t count)
    {
        return std::uniform_int_distribution<uint64_t>(0, count - 1)(random);
    }

    void Tick()
    {
        ns3::Simulator::Schedule(Period(), &Machine::Tick, this);
        ++events;
        if (!inbox.empty())
        {
            clock = std::max(clock, inbox.front()) + 1;
            inbox.pop_front();
            return;
        }
        ++clock;
        const uint64_t others = machines.size() - 1;
        const uint64_t roll = Below(FACES);
        if (roll < 2)
        {
            Send(Below(others));
        }
        else if (roll == 2)
        {
            const uint64_t first = Below(others);
            const uint64_t second = Below(others - 1);
            Send(first);
            Send(second + (second >= first));
        }
    }

    void Send(uint64_t peer)
    {
        Machine& to = machines[(number + 1 + peer) % machines.size()];
        ns3::Simulator::ScheduleNow(&Machine::Receive, &to, clock);
    }

    void Receive(uint64_t value)
    {
        ++events;
        inbox.push_back(value);
    }

    uint64_t number;
    std::vector<Machine>& machines;
    std::mt19937_64 random;
    // Ticks per second.
    uint64_t rate;
    uint64_t clock = 0;
    std::deque<uint64_t> inbox;
};

int main(int count, char** words)
{
    if (count != 3)
    {
        std::fprintf(stderr, "usage: machines NODES SECONDS\n");
        return 2;
    }
    const uint64_t nodes = std::strtoull(words[1], nullptr, 10);
    std::vector<Machine> machines;
    machines.reserve(nodes);
    for (uint64_t number = 0; number < nodes; ++number)
    {
        machines.emplace_back(number, machines);
    }
    for (Machine& machine : machines)
    {
        machine.Start();
    }
    ns3::Simulator::Stop(ns3::Seconds(std::strtod(words[2], nullptr)));
    const auto start = std::chrono::steady_clock::now();
    ns3::Simulator::Run();
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    ns3::Simulator::Destroy();
    uint64_t events = 0;
    for (const Machine& machine : machines)
    {
        events += machine.events;
    }
    std::printf("%llu %.6f\n", static_cast<unsigned long long>(events), time.count());
}
