/*
 * The C boundary between the scenario runner (the host) and a plugin.
 *
 * A plugin is a dynamic library that exports one symbol, `runner_plugin`: a
 * static struct runner_plugin. ABI.md, one folder up, documents lifecycle, ownership,
 * call states and versioning; this file is its letter. It is the same as the Rust
 * crate runner-abi, and a test of the runner compares the two.
 *
 * Tags say when a function may be called:
 *   [any thread]   at any time, also from several threads at once
 *   [callback]     during a callback, with that callback's context
 *   [effect]       the same, but not in `create`
 */
#ifndef RUNNER_PLUGIN_H
#define RUNNER_PLUGIN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this boundary: the first field of struct runner_plugin. */
#define RUNNER_ABI_VERSION 1u

/* A sum over the offsets and sizes of all structs here, on 64-bit targets. */
#define RUNNER_LAYOUT UINT64_C(0xddbd216868cc2ea4)

/* The most columns of one behavior: a bit each in struct runner_slot. */
#define RUNNER_MAX_COLUMNS 63

/* UTF-8, borrowed, not NUL-terminated. */
struct runner_text {
    const uint8_t *ptr;
    uint64_t len; /* [bytes] */
};

/* What a callback returns; anything but RUNNER_OK and RUNNER_REJECTED fails the run. */
typedef uint32_t runner_status;
#define RUNNER_OK 0u
#define RUNNER_FAILED 1u   /* its own error, passed to `fail` before */
#define RUNNER_PANICKED 2u /* an exception or panic, caught inside the plugin */
/* `message` alone: a message that the behavior does not understand, the reason passed to
   `fail`, and no effect so far. From outside of the scenario: it is dropped, and the run
   goes on. From a node of the scenario: as RUNNER_FAILED. */
#define RUNNER_REJECTED 3u

/* Callbacks that do something: struct runner_behavior.handles. */
#define RUNNER_HANDLES_START UINT64_C(1)
#define RUNNER_HANDLES_MESSAGE UINT64_C(2)
#define RUNNER_HANDLES_TIMER UINT64_C(4)
#define RUNNER_HANDLES_TICK UINT64_C(8) /* it can be a clocked node */
#define RUNNER_HANDLES_CONNECT UINT64_C(16)
#define RUNNER_HANDLES_DISCONNECT UINT64_C(32)
#define RUNNER_HANDLES_STOP UINT64_C(64)

/* What a column's cell holds: struct runner_column.kind. */
#define RUNNER_COLUMN_U64 1u
#define RUNNER_COLUMN_I64 2u
#define RUNNER_COLUMN_F64 3u  /* the bits of a double */
#define RUNNER_COLUMN_BOOL 4u /* 0 or 1 */
#define RUNNER_COLUMN_TEXT 5u /* set through `set_text`; the cell is the host's */

/* A column of a behavior's own. */
struct runner_column {
    struct runner_text name;
    struct runner_text docs; /* one line, with the unit */
    uint32_t kind;
    uint32_t reserved; /* 0 */
};

/* A word of a behavior's own for the log's `event` column. */
struct runner_event_word {
    struct runner_text name;
    struct runner_text docs; /* one line */
};

/* One node's random stream and columns, in the host's memory. The cells follow
   directly: 8 bytes for each column of the behavior. */
struct runner_slot {
    uint64_t random[4]; /* a xoshiro256++ state; whoever draws advances it */
    uint64_t present;   /* bit i: column i has a value; set by the plugin */
};

struct runner_context;

/* The host's functions; the table lives as long as the process. Effects are
   queued in order: no other callback runs before this one returns. */
struct runner_host_calls {
    uint64_t size; /* of this table in the host's build [bytes] */
    /* [effect] Returns 0, or 1 if the node has no link to that peer: the run fails. */
    uint32_t (*send)(struct runner_context *context, uint32_t peer, const uint8_t *bytes,
                     uint64_t len);
    /* [effect] Closes a peer's connection, once what was sent is out. */
    void (*close)(struct runner_context *context, uint32_t peer);
    /* [effect] After a span of local time [ns]; replaces a pending one of this tag. */
    void (*set_timer)(struct runner_context *context, uint64_t tag, uint64_t delay_ns);
    /* [effect] Nothing happens if there is none. */
    void (*cancel_timer)(struct runner_context *context, uint64_t tag);
    /* [effect] Writes a row with the behavior's own word of this index. */
    void (*record)(struct runner_context *context, uint32_t word);
    /* [effect] A line into the node's output. */
    void (*print)(struct runner_context *context, struct runner_text line);
    /* [effect] A column of text; a null pointer clears it. */
    void (*set_text)(struct runner_context *context, uint32_t column, struct runner_text value);
    /* [effect] Ends the run after this step. */
    void (*stop_run)(struct runner_context *context, struct runner_text reason);
    /* [callback] Takes the reason, before the callback returns anything but RUNNER_OK. */
    void (*fail)(struct runner_context *context, struct runner_text reason);
    /* [callback] These three lend their text until the callback returns. */
    struct runner_text (*node_name)(struct runner_context *context);
    struct runner_text (*peer_name)(struct runner_context *context, uint32_t peer);
    struct runner_text (*run_folder)(struct runner_context *context); /* may be empty */
};

/* The functions above, and those that were added after that table was published.
   `context->calls` leads to this table if its `size` is at least sizeof(struct
   runner_host_calls_2): an older host has only the first part. */
struct runner_host_calls_2 {
    struct runner_host_calls first; /* its `size` is that of the whole table */
    /* [callback] The time of day by the node's own clock, since 1970-01-01 00:00:00 UTC
       [ns]: writes it and returns 1. In virtual time: returns 0. */
    uint32_t (*time_of_day)(struct runner_context *context, int64_t *ns);
    /* [callback] PLUGIN.BEHAVIOR of a peer, lent until the callback returns; empty for a
       program. Writes to `alike`, which may be null, how many peers from this one on are
       known to have the same behavior: at least 1. */
    struct runner_text (*peer_behavior)(struct runner_context *context, uint32_t peer,
                                        uint32_t *alike);
};

/* A program that the host has started. The descriptors are connected stream sockets that
   the plugin owns. */
struct runner_program {
    uint64_t id;       /* for `end_program` */
    int32_t input;     /* what is written here is its standard input */
    int32_t output;    /* its standard output */
    int32_t errors;    /* its standard error */
    uint32_t reserved; /* 0 */
};

/* The functions above, and those that were added after them, under the same rule. */
struct runner_host_calls_3 {
    struct runner_host_calls_2 first; /* the `size` in it is that of the whole table */
    /* [callback] The folder of the scenario's file, lent until the callback returns: what
       a config names by a relative path is there. */
    struct runner_text (*scenario_folder)(struct runner_context *context);
    /* [callback] Starts a program in that folder. It and all that it starts end with the
       host, even if the host is killed. Returns 0, or the system's number of the error. */
    uint32_t (*start_program)(struct runner_context *context, const struct runner_text *words,
                              uint64_t word_count, struct runner_program *started);
    /* [any thread] Ends a program and all that it has started; kills it after
       `patience_ns`. Writes its wait status to `status`. Once for each program. */
    void (*end_program)(uint64_t id, uint64_t patience_ns, int32_t *status);
};

/* The functions above, and one that was added after them, under the same rule. */
struct runner_host_calls_4 {
    struct runner_host_calls_3 first; /* the `size` in it is that of the whole table */
    /* [any thread] How long a program has gone on since the first call for it [ns]: the
       time in which it computes or waits, and not that in which it would compute and other
       programs have the processors. At most 100 ms of waiting are counted between two
       calls. 2^64 - 1 if there is no such program. Not after `end_program`. */
    uint64_t (*program_time)(uint64_t id);
};

/* The functions above, and one that was added after them, under the same rule. */
struct runner_host_calls_5 {
    struct runner_host_calls_4 first; /* the `size` in it is that of the whole table */
    /* [callback] Has a program run on the processor of the calling thread, which stays there
       until the run ends; or anywhere again, if `beside` is 0. For a program that answers at
       once while the callback waits. It holds for all that the program has started, too, now
       and meanwhile. A hint. */
    void (*program_beside)(uint64_t id, uint32_t beside);
};

/* What a callback may see and do: the host's, lent until the callback returns. */
struct runner_context {
    uint64_t now_ns;          /* local time since the run began [ns] */
    struct runner_slot *slot; /* the plugin writes to it */
    const void *config;       /* what config_new made */
    const struct runner_host_calls *calls;
    void *host;          /* the host's own */
    uint32_t peer_count; /* peers are 0 .. peer_count - 1, the next node first */
    uint32_t word;       /* 0, or 1 + the index of the word that this step's first
                            row bears; the plugin may write it while `rows` is 0 */
    uint32_t rows;       /* rows and effects so far in this step; the host's */
    uint32_t reserved;   /* 0 */
};

/* Where config_new reports what is wrong; lent for that call. */
struct runner_problem_sink {
    void *host;
    /* `path` is the key path inside the config, empty for the whole. */
    void (*report)(void *host, struct runner_text path, struct runner_text message);
};

/* One behavior. */
struct runner_behavior {
    struct runner_text name; /* the part after the dot */
    struct runner_text docs;
    /* [any thread] JSON Schema (draft-07) of the config; lives as long as the process. */
    struct runner_text (*config_schema)(void);
    const struct runner_column *columns;
    uint64_t column_count; /* at most RUNNER_MAX_COLUMNS */
    const struct runner_event_word *events;
    uint64_t event_count;
    uint64_t state_size;  /* of an instance [bytes] */
    uint64_t state_align; /* a power of two, at most 64 [bytes] */
    uint64_t handles;

    /* [any thread] TOML text of one table; null after it has reported every mistake. */
    void *(*config_new)(struct runner_text toml, const struct runner_problem_sink *problems);
    /* [any thread] Once no instance uses it. */
    void (*config_free)(void *config);

    /* Makes an instance in `state`; nothing was made unless RUNNER_OK. */
    runner_status (*create)(struct runner_context *context, void *state);
    /* Ends it; `state` is plain memory afterwards. A host that knows the plugin's
       extension RUNNER_DESTRUCTORS calls that instead. */
    void (*destroy)(void *state);

    runner_status (*start)(struct runner_context *context, void *state);
    runner_status (*message)(struct runner_context *context, void *state, uint32_t peer,
                             const uint8_t *bytes, uint64_t len);
    runner_status (*timer)(struct runner_context *context, void *state, uint64_t tag);
    runner_status (*tick)(struct runner_context *context, void *state);
    runner_status (*connect)(struct runner_context *context, void *state, uint32_t peer);
    runner_status (*disconnect)(struct runner_context *context, void *state, uint32_t peer);
    runner_status (*stop)(struct runner_context *context, void *state);
};

/* A plugin: the type of the exported symbol `runner_plugin`. */
struct runner_plugin {
    uint32_t abi_version; /* RUNNER_ABI_VERSION; always the first four bytes */
    uint32_t size;        /* sizeof(struct runner_plugin) */
    uint64_t layout;      /* RUNNER_LAYOUT */
    struct runner_text name; /* the part before the dot; the library is libNAME.so */
    struct runner_text version;
    struct runner_text docs;
    const struct runner_behavior *behaviors;
    uint64_t behavior_count;
    /* [any thread] The table of an extension, or null; may be null itself. */
    const void *(*extension)(struct runner_text id);
};

/*
 * The extension "runner.checks.1": property checkers. `extension` of struct
 * runner_plugin returns a static struct runner_checks for this id.
 */
#define RUNNER_CHECKS "runner.checks.1"
#define RUNNER_CHECKS_LAYOUT UINT64_C(0x480e2b2cbe71144c)

/* struct runner_record.event: 0 start, 1 receive, 2 send, 3 drop, 4 timer, 5 tick,
   6 connect, 7 disconnect, 8 stop, 9 crash, 10 restart; from here the node's own. */
#define RUNNER_OWN_EVENTS 11u
#define RUNNER_NO_PEER UINT32_MAX

#define RUNNER_VERDICT_PASSED 0u
#define RUNNER_VERDICT_FAILED 1u
#define RUNNER_VERDICT_UNKNOWN 2u /* nothing to judge, or it could not be judged */

struct runner_checked_node {
    struct runner_text name;
    struct runner_text behavior; /* PLUGIN.BEHAVIOR; empty for an external program */
    const struct runner_column *columns;
    uint64_t column_count;
    const struct runner_event_word *events;
    uint64_t event_count;
};

/* The run that is judged; lent for the call. */
struct runner_checked_run {
    const struct runner_checked_node *nodes; /* in the order of the scenario */
    uint64_t node_count;
    struct runner_text folder; /* of the run's files; may be empty */
};

struct runner_record;

struct runner_record_calls {
    uint64_t size; /* of this table in the host's build [bytes] */
    /* The value of a column of text; a null pointer if it has none. */
    struct runner_text (*text)(const struct runner_record *record, uint32_t column);
    /* The name of the record's peer; may be empty. */
    struct runner_text (*peer_name)(const struct runner_record *record);
};

/* One row of a node's log, lent for the call. */
struct runner_record {
    uint64_t time_ns; /* true time since the run began [ns] */
    uint64_t step;
    uint64_t row;     /* number of the row in the node's log, from 1 */
    uint64_t message; /* the sender's number for it, from 1; 0: none */
    uint64_t bytes;
    uint64_t queue;
    uint64_t present;      /* bit i: column i has a value */
    const uint64_t *cells; /* one for each column of the behavior */
    const struct runner_record_calls *calls;
    const void *host; /* the host's own */
    uint32_t node;
    uint32_t event;
    uint32_t peer; /* a node, past them a peer from outside, or RUNNER_NO_PEER */
    uint32_t reserved; /* 0 */
};

/* One row that proves a verdict: numbers as in its record. */
struct runner_evidence {
    uint64_t time_ns;
    uint64_t step;
    uint64_t row;
    uint64_t message;
    uint32_t node;
    uint32_t event;
    uint32_t peer;
    uint32_t reserved;       /* 0 */
    struct runner_text note; /* what matters in it */
};

/* Where a check reports what it found; lent for one call. */
struct runner_verdict_sink {
    void *host;
    /* In `finish` only: one of RUNNER_VERDICT_PASSED and so on; the last one counts. */
    void (*verdict)(void *host, uint32_t verdict, struct runner_text reason);
    /* In `finish` only: the rows of the proof, in their order. */
    void (*evidence)(void *host, const struct runner_evidence *row);
    /* Takes the reason, before the call returns null or anything but RUNNER_OK. */
    void (*fail)(void *host, struct runner_text reason);
};

/* One check. An instance judges one run, on one thread. */
struct runner_check {
    struct runner_text name; /* the part after the dot */
    struct runner_text docs; /* what must hold */
    /* [any thread] These three as in struct runner_behavior. */
    struct runner_text (*config_schema)(void);
    void *(*config_new)(struct runner_text toml, const struct runner_problem_sink *problems);
    void (*config_free)(void *config);
    /* An instance for one run; null after `fail`. */
    void *(*create)(const void *config, const struct runner_checked_run *run,
                    const struct runner_verdict_sink *sink);
    /* The next record of the run, in time order. */
    runner_status (*record)(void *instance, const struct runner_record *record,
                            const struct runner_verdict_sink *sink);
    /* The run is over: reports evidence, then one verdict. */
    runner_status (*finish)(void *instance, const struct runner_verdict_sink *sink);
    /* Ends the instance; once, also after a failure. */
    void (*free)(void *instance);
};

struct runner_checks {
    uint64_t size;   /* sizeof(struct runner_checks) */
    uint64_t layout; /* RUNNER_CHECKS_LAYOUT */
    const struct runner_check *checks;
    uint64_t check_count;
};

/*
 * The extension "runner.files.1": the names of the files that behaviors write into
 * the run's folder, so that the host can refuse a scenario in which two files would
 * be one. `extension` of struct runner_plugin returns a static struct runner_files,
 * or null.
 */
#define RUNNER_FILES "runner.files.1"
#define RUNNER_FILES_LAYOUT UINT64_C(0xdb76f7b3b56e7914)

/* The files that a node with one behavior may write: names without folders; "{node}"
 * stands for the node's name. */
struct runner_behavior_files {
    const struct runner_text *names;
    uint64_t name_count;
};

struct runner_files {
    uint64_t size;   /* sizeof(struct runner_files) */
    uint64_t layout; /* RUNNER_FILES_LAYOUT */
    const struct runner_behavior_files *behaviors; /* one for each of the plugin's */
    uint64_t behavior_count;
};

/*
 * The extension "runner.destructors.1": ends of instances that can fail the run.
 * `extension` of struct runner_plugin returns a static struct runner_destructors, or
 * null. A host that knows it calls its functions in place of runner_behavior.destroy.
 */
#define RUNNER_DESTRUCTORS "runner.destructors.1"
#define RUNNER_DESTRUCTORS_LAYOUT UINT64_C(0x8dda996548095c1c)

/* Where a destructor reports why it fails; lent for that call. */
struct runner_fail_sink {
    void *host;
    /* Takes the reason, before the destructor returns anything but RUNNER_OK. */
    void (*fail)(void *host, struct runner_text reason);
};

struct runner_destructor {
    /* Ends an instance; `state` is plain memory afterwards, whatever it returns. */
    runner_status (*destroy)(void *state, const struct runner_fail_sink *sink);
};

struct runner_destructors {
    uint64_t size;   /* sizeof(struct runner_destructors) */
    uint64_t layout; /* RUNNER_DESTRUCTORS_LAYOUT */
    const struct runner_destructor *behaviors; /* one for each of the plugin's */
    uint64_t behavior_count;
};

/*
 * The extension "runner.shapes.1": columns, words and callbacks that a config decides.
 * `extension` of struct runner_plugin returns a static struct runner_shapes, or null.
 */
#define RUNNER_SHAPES "runner.shapes.1"
#define RUNNER_SHAPES_LAYOUT UINT64_C(0x9f871113e77f9a8c)

/* In place of the fields of these names in struct runner_behavior, under the same rules. */
struct runner_shape {
    const struct runner_column *columns;
    uint64_t column_count; /* at most RUNNER_MAX_COLUMNS */
    const struct runner_event_word *events;
    uint64_t event_count;
    uint64_t handles; /* a part of the behavior's */
};

struct runner_behavior_shape {
    /* [any thread] The shape of nodes with this config, lent as long as the config lives;
       null: as in struct runner_behavior. */
    const struct runner_shape *(*shape)(const void *config);
};

struct runner_shapes {
    uint64_t size;   /* sizeof(struct runner_shapes) */
    uint64_t layout; /* RUNNER_SHAPES_LAYOUT */
    const struct runner_behavior_shape *behaviors; /* one for each of the plugin's */
    uint64_t behavior_count;
};

#ifdef __cplusplus
}
#endif

#endif
