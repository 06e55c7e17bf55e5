//! The first draws of every stream and of every distribution, as literal values
//! taken once. If one of them changes, released seeds give other results.

use base::distribution::Distribution;
use base::random::{Purpose, Random, Streams};

const CHANGED: &str = "the meaning of released seeds changed";

#[test]
fn streams_keep_their_first_draws() {
    let streams = Streams::new(262, "faces=10", 3);
    let node = |purpose| streams.node(purpose, "machine-1");
    let link = |purpose| streams.link(purpose, "machine-1", "machine-2");
    let fault = |purpose, names: &[&str]| streams.fault(purpose, 2, 5, names);
    let found = [
        ("behavior of a node", node(Purpose::Behavior)),
        ("tick of a node", node(Purpose::Tick)),
        ("service of a node", node(Purpose::Service)),
        ("offset of a node", node(Purpose::Offset)),
        ("drift of a node", node(Purpose::Drift)),
        ("link", link(Purpose::Link)),
        ("duplicate of a link", link(Purpose::Duplicate)),
        ("corrupt of a link", link(Purpose::Corrupt)),
        ("tick of a fault", fault(Purpose::Tick, &["machine-1"])),
        ("drift of a fault", fault(Purpose::Drift, &["machine-1"])),
        (
            "link of a fault",
            fault(Purpose::Link, &["machine-1", "machine-2"]),
        ),
        (
            "duplicate of a fault",
            fault(Purpose::Duplicate, &["machine-1", "machine-2"]),
        ),
        (
            "corrupt of a fault",
            fault(Purpose::Corrupt, &["machine-1", "machine-2"]),
        ),
    ]
    .map(|(name, mut random)| (name, std::array::from_fn(|_| random.next_u64())));
    for (found, expected) in found.iter().zip(&STREAMS) {
        assert_eq!(found, expected, "{CHANGED}");
    }
    assert_eq!(streams.run_seed(), RUN_SEED, "{CHANGED}");
}

#[test]
fn distributions_keep_their_first_draws() {
    let found = [
        Distribution::Constant(3.0),
        Distribution::Uniform {
            low: 1.0,
            high: 3.0,
        },
        Distribution::UniformInt { low: -1, high: 6 },
        Distribution::UniformInt {
            low: i64::MIN,
            high: i64::MAX,
        },
        Distribution::Choice(vec![1.0, 2.0, 5.0]),
        Distribution::Normal {
            mean: 2.0,
            std: 5.0,
        },
        Distribution::Exponential { mean: 4.0 },
        Distribution::LogNormal {
            median: 2.0,
            sigma: 0.5,
        },
        Distribution::Pareto {
            min: 1.0,
            shape: 1.5,
        },
    ]
    .map(|distribution| {
        let mut random = Random::from_seed(262);
        std::array::from_fn(|_| distribution.sample(&mut random))
    });
    for (found, expected) in found.iter().zip(&DRAWS) {
        assert_eq!(found, expected, "{CHANGED}");
    }
}

#[test]
fn distributions_of_the_field_keep_their_first_draws() {
    let parameters = [
        ("gamma", &[0.5, 2.0][..]),
        ("gamma", &[7.5, 0.5]),
        ("erlang", &[3.0, 6.0]),
        ("weibull", &[1.5, 2.0]),
        ("triangular", &[1.0, 2.0, 5.0]),
    ];
    let found: Vec<[f64; 8]> = parameters
        .into_iter()
        .map(|(name, numbers)| {
            let law = Distribution::with_parameters(name, numbers)
                .unwrap()
                .unwrap();
            let mut random = Random::from_seed(262);
            std::array::from_fn(|_| law.sample(&mut random))
        })
        .collect();
    assert_eq!(found, FIELD, "{CHANGED}");
}

#[test]
fn signed_draws_and_spans_keep_their_first_draws() {
    let normal = Distribution::Normal {
        mean: 2e9,
        std: 5e9,
    };
    let mut random = Random::from_seed(262);
    let signed: [f64; 8] = std::array::from_fn(|_| normal.sample_signed(&mut random));
    assert_eq!(signed, SIGNED, "{CHANGED}");
    let mut random = Random::from_seed(262);
    let spans: [u64; 8] = std::array::from_fn(|_| normal.sample_span(&mut random).0);
    assert_eq!(spans, SPANS, "{CHANGED}");
}

const RUN_SEED: u64 = 754434654298255702;
const STREAMS: [(&str, [u64; 8]); 13] = [
    (
        "behavior of a node",
        [
            14163221802168357563,
            5583179292014836482,
            16027345550845351653,
            6384315820891727945,
            1750207394656491557,
            3736352897700683810,
            3184437459442419921,
            17640221295313564700,
        ],
    ),
    (
        "tick of a node",
        [
            13506049157916584012,
            5638378421872784074,
            5278451892328987155,
            817004686787812582,
            2683925103469540154,
            3263927817867579652,
            14552053716718010477,
            1193736701521788490,
        ],
    ),
    (
        "service of a node",
        [
            13545503377617963050,
            11919448029058881312,
            4084259944689612053,
            14079044406882494688,
            18247021218858468322,
            2370349647569726925,
            10991640099006905866,
            3271657234444906727,
        ],
    ),
    (
        "offset of a node",
        [
            14615757325507973710,
            6494998534005883939,
            15486409771641438528,
            18143013827030487476,
            5094033779774528251,
            17332405422595496297,
            15558100470578133257,
            12674085765600792596,
        ],
    ),
    (
        "drift of a node",
        [
            14200211045951627074,
            3941723480866486635,
            11854587098052441879,
            13449971956626349271,
            8747288352494938097,
            13723195036051809108,
            5745318531908416474,
            11954849955064643427,
        ],
    ),
    (
        "link",
        [
            14127661070005075970,
            10392920441494273297,
            18319682222859976762,
            10654309764368333215,
            13169885294245137894,
            7517297061135877713,
            13450821030241652190,
            15836158423566795136,
        ],
    ),
    (
        "duplicate of a link",
        [
            5008637806542294400,
            1565977335301510187,
            335925177965473216,
            2624438242156816406,
            2070996870881698125,
            18176911742528984473,
            12391792351524800120,
            15077137280788546135,
        ],
    ),
    (
        "corrupt of a link",
        [
            9871024567618491386,
            7346334632446806880,
            4883920868535587652,
            2981584721175102285,
            13158681623749926985,
            3745280373738725701,
            6169082666130471813,
            7633733988456339880,
        ],
    ),
    (
        "tick of a fault",
        [
            10239469846918593529,
            3296800952878646210,
            5641297087148953554,
            13182720602419760186,
            17230250323340367875,
            6076222290993875022,
            8239431989936049159,
            9482615390581276034,
        ],
    ),
    (
        "drift of a fault",
        [
            16131479430356651021,
            17776399939091073137,
            12538997194309535748,
            7478921043500430216,
            10133046666710952092,
            2346653238868705456,
            1419777825281319921,
            4723147075851043054,
        ],
    ),
    (
        "link of a fault",
        [
            7380785386664132610,
            4450009479559310801,
            10390365181269101493,
            11641106727158215878,
            5401441919456550466,
            5495786105019769502,
            10375167065360306134,
            16454030729648767656,
        ],
    ),
    (
        "duplicate of a fault",
        [
            16044211376246526524,
            1690105108742815407,
            3590244300777987683,
            15746338371212621365,
            13804152920495001829,
            6677290074404928537,
            3467497815856652182,
            1150987129563485092,
        ],
    ),
    (
        "corrupt of a fault",
        [
            2155465989653389687,
            16173139282694411357,
            10266907286597462029,
            7547191598905344016,
            10977745177749455893,
            3123601476729621999,
            17954936717624877645,
            12333828215022023216,
        ],
    ),
];
const DRAWS: [[f64; 8]; 9] = [
    [3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0],
    [
        2.456456927541807,
        1.9924935853495078,
        2.3920746688419032,
        1.0741427014138405,
        2.3504300617263283,
        1.511715803429027,
        1.514805400428112,
        1.9521882412032179,
    ],
    [4.0, 2.0, 4.0, -1.0, 4.0, 1.0, 1.0, 2.0],
    [
        4.210072061517752e18,
        -6.923445498438482e16,
        3.616250536955507e18,
        -8.539526317897486e18,
        3.2321468321999104e18,
        -4.503626804690813e18,
        -4.4751303021243013e18,
        -4.4098563911908544e17,
    ],
    [5.0, 2.0, 5.0, 1.0, 5.0, 1.0, 1.0, 2.0],
    [
        0.0,
        6.1415316645249804,
        1.836938042085761,
        0.0,
        0.0,
        7.152325684422295,
        0.05698377322609516,
        4.5338145063885085,
    ],
    [
        1.2685618246269106,
        2.8027276405021775,
        1.4494079147078118,
        13.179643303300285,
        1.570896298394787,
        5.4525322401577245,
        5.428453974132143,
        2.968558847763445,
    ],
    [
        1.3431923426502879,
        3.026177727180695,
        1.967652061081607,
        0.8857475128737661,
        1.2917273392776347,
        3.3480555651244077,
        1.6468190156582405,
        2.5767492688834457,
    ],
    [
        1.2354397391227174,
        1.5953948706730237,
        1.2732440144684398,
        8.99444547367239,
        1.2992875161593795,
        2.4812324028048014,
        2.4712950599954544,
        1.640104251757531,
    ],
];
const SIGNED: [f64; 8] = [
    -1980980546.2117143,
    6141531664.524981,
    1836938042.085761,
    -6144705237.329681,
    -2371668351.819354,
    7152325684.422296,
    56983773.2260952,
    4533814506.388509,
];
const SPANS: [u64; 8] = [
    0, 6141531665, 1836938042, 0, 0, 7152325684, 56983773, 4533814506,
];
const FIELD: [[f64; 8]; 5] = [
    [
        1.2077835125879854,
        0.44702064799254454,
        1.056727889708669,
        0.0021602767125640135,
        0.9695799153500535,
        0.10651939094379875,
        0.10785693633732282,
        0.40619742538986575,
    ],
    [
        4.457206909385523,
        3.5721835622086426,
        4.313266166713961,
        1.7003448981773486,
        4.225382507442887,
        2.779651696226649,
        2.785038396987103,
        3.50535278225281,
    ],
    [
        7.564550749890884,
        5.317738184654677,
        7.186287287588165,
        1.4471332861204482,
        6.9576126311619335,
        3.4987041226652584,
        3.510311453009104,
        5.156480310542434,
    ],
    [
        0.930103103168323,
        1.577770866214906,
        1.0165227135718766,
        4.428525052226406,
        1.072560204082952,
        2.458794103203154,
        2.4515501102331867,
        1.6394082259515237,
    ],
    [
        3.1941045338256266,
        2.5413340023697906,
        3.090143464301944,
        1.3850784372406237,
        3.0258116529464494,
        2.0117387698820846,
        2.0148421151585083,
        2.492636732984091,
    ],
];
