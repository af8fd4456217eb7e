"""Time zones by names, offsets and places that people type."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta, timezone, tzinfo
from difflib import get_close_matches
from functools import lru_cache
from types import MappingProxyType
from unicodedata import combining
from zoneinfo import ZoneInfo, available_timezones

from subscriptions import errors
from subscriptions.text.forms import normalized

CITIES: Mapping[str, str] = MappingProxyType(
    {
        "Asia/Shanghai": (
            "Beijing, Peking, Shenzhen, Guangzhou, Canton, Hangzhou, Nanjing, Wuhan, Chengdu, Xi'an, Xian, Tianjin, Suzhou, Hefei, "
            "Changsha, Dalian, Qingdao, Shenyang, Jinan, Xiamen, Zhengzhou, Kunming, Fuzhou, Ningbo, Wuxi, Lanzhou, Guiyang, Nanning, "
            "Nanchang, Changchun, Taiyuan, Shijiazhuang, Zhuhai, Dongguan, China, PRC, China Standard Time, Chongqing, Harbin, "
            "北京, 深圳, 广州, 廣州, 杭州, 南京, 武汉, 武漢, 成都, 重庆, 重慶, 西安, 天津, 苏州, 蘇州, 合肥, 长沙, 長沙, 大连, 青岛, "
            "沈阳, 济南, 厦门, 廈門, 郑州, 昆明, 福州, 宁波, 无锡, 兰州, 贵阳, 南宁, 南昌, 长春, 太原, 石家庄, 珠海, 东莞, 佛山, 哈尔滨, "
            "海口, 三亚, 拉萨, 西宁, 银川, 呼和浩特, 徐州, 常州, 温州, 中国, 中國, 大陆, 国内"
        ),
        "Asia/Hong_Kong": "HK, HKT, 香港",
        "Asia/Macau": "Macao, 澳门, 澳門",
        "Asia/Taipei": "Taiwan, Kaohsiung, Hsinchu, Taichung, Tainan, 台北, 臺北, 台湾, 台灣, 高雄, 新竹, 台中, 台南",
        "Asia/Tokyo": (
            "Tokio, Osaka, Kyoto, Yokohama, Nagoya, Sapporo, Fukuoka, Kobe, Sendai, Tsukuba, Nara, JST, 東京, 大阪, 京都, 横滨, "
            "名古屋, 札幌, 福冈, 神户, 日本"
        ),
        "Asia/Seoul": "Busan, Daejeon, Incheon, Daegu, Korea, South Korea, KST, 서울, 首尔, 釜山, 大田, 韩国, 韓國",
        "Asia/Singapore": "SGT, 新加坡, 星洲",
        "Asia/Kuala_Lumpur": "Malaysia, Penang, 马来西亚, 槟城",
        "Asia/Bangkok": "Thailand, Chiang Mai, 泰国, 清迈",
        "Asia/Ho_Chi_Minh": "Ho Chi Minh City, Saigon, Hanoi, Vietnam, 越南, 河内, 西贡",
        "Asia/Jakarta": "Bandung, 万隆",
        "Asia/Manila": "Philippines, Quezon City, 菲律宾",
        "Asia/Kolkata": (
            "Mumbai, Bombay, Delhi, New Delhi, Bangalore, Bengaluru, Chennai, Madras, Hyderabad, Pune, Calcutta, Ahmedabad, Kanpur, "
            "Kharagpur, India, 印度, 孟买, 新德里, 德里, 班加罗尔, 金奈, 海得拉巴"
        ),
        "Asia/Karachi": "Lahore, Islamabad, Pakistan, PKT, 巴基斯坦, 拉合尔, 伊斯兰堡",
        "Asia/Dhaka": "Bangladesh, 孟加拉国",
        "Asia/Kathmandu": "Nepal, 尼泊尔",
        "Asia/Yangon": "Rangoon",
        "Asia/Colombo": "Sri Lanka, 斯里兰卡",
        "Asia/Dubai": "Abu Dhabi, UAE, Emirates, 阿布扎比, 阿联酋",
        "Asia/Riyadh": "Jeddah, Mecca, Thuwal, Saudi Arabia, 吉达, 沙特",
        "Asia/Qatar": "Doha, 多哈",
        "Asia/Tehran": "Teheran, Isfahan, Iran, 伊朗",
        "Asia/Jerusalem": "Tel Aviv, Haifa, Israel, 特拉维夫, 海法, 以色列",
        "Europe/Istanbul": "Ankara, Izmir, Turkey, 安卡拉, 土耳其",
        "Europe/Moscow": "Saint Petersburg, St Petersburg, Moskva, Москва, MSK, 圣彼得堡",
        "Europe/Kyiv": "Kiev, Lviv, Ukraine, Київ, 乌克兰",
        "Europe/London": (
            "Oxford, Edinburgh, Manchester, Bristol, Glasgow, Leeds, Liverpool, Sheffield, Nottingham, Southampton, Cardiff, Belfast, "
            "UK, United Kingdom, Britain, Great Britain, England, Scotland, Wales, BST, 牛津, 爱丁堡, 曼彻斯特, 英国, 英國"
        ),
        "Europe/Dublin": "Ireland, Cork, Galway, 爱尔兰",
        "Europe/Lisbon": "Lisboa, Porto, Portugal, 葡萄牙, 波尔图",
        "Europe/Madrid": "Barcelona, Sevilla, Seville, Zaragoza, Bilbao, Spain, 西班牙, 巴塞罗那",
        "Europe/Paris": (
            "Lyon, Marseille, Toulouse, Grenoble, Nice, Bordeaux, Lille, Strasbourg, Nantes, Saclay, France, 法国, 法國, 里昂, 马赛"
        ),
        "Europe/Brussels": "Bruxelles, Brussel, Ghent, Leuven, Antwerp, Belgium, 比利时",
        "Europe/Amsterdam": "Rotterdam, Delft, Eindhoven, Utrecht, Leiden, Groningen, Netherlands, Holland, 荷兰, 鹿特丹",
        "Europe/Berlin": (
            "Munich, München, Muenchen, Frankfurt, Hamburg, Cologne, Köln, Koeln, Stuttgart, Heidelberg, Tübingen, Tuebingen, Karlsruhe, "
            "Freiburg, Dresden, Leipzig, Bonn, Aachen, Darmstadt, Düsseldorf, Dusseldorf, Hannover, Nürnberg, Nuremberg, Saarbrücken, "
            "Göttingen, Mainz, Germany, Deutschland, 慕尼黑, 法兰克福, 汉堡, 科隆, 斯图加特, 海德堡, 德国, 德國"
        ),
        "Europe/Zurich": "Zürich, Geneva, Genève, Genf, Lausanne, Basel, Bern, Lugano, Switzerland, 日内瓦, 洛桑, 巴塞尔, 伯尔尼, 瑞士",
        "Europe/Vienna": "Wien, Graz, Linz, Innsbruck, Salzburg, Klosterneuburg, Austria, 奥地利",
        "Europe/Rome": "Roma, Milan, Milano, Turin, Torino, Naples, Bologna, Pisa, Padua, Trieste, Florence, Genoa, Italy, 意大利, 米兰",
        "Europe/Athens": "Thessaloniki, Heraklion, Greece, 希腊",
        "Europe/Prague": "Praha, Brno, Czechia, Czech Republic, 捷克",
        "Europe/Warsaw": "Warszawa, Krakow, Cracow, Wroclaw, Gdansk, Poznan, Poland, 波兰",
        "Europe/Budapest": "Hungary, 匈牙利",
        "Europe/Bucharest": "București, Cluj, Romania, 罗马尼亚",
        "Europe/Copenhagen": "København, Aarhus, Lyngby, Denmark, 丹麦",
        "Europe/Stockholm": "Gothenburg, Göteborg, Uppsala, Lund, Linköping, Malmö, Sweden, 瑞典, 哥德堡",
        "Europe/Oslo": "Trondheim, Bergen, Norway, 挪威",
        "Europe/Helsinki": "Espoo, Tampere, Turku, Finland, 芬兰",
        "America/New_York": (
            "NYC, New York City, Boston, Washington, Washington DC, Philadelphia, Pittsburgh, Atlanta, Miami, Baltimore, Princeton, New Haven, Ithaca, "
            "Ann Arbor, Cleveland, Charlotte, Orlando, Buffalo, Rochester, Chapel Hill, College Park, ET, EST, EDT, Eastern, Eastern Time, "
            "US Eastern, 波士顿, 華盛頓, 华盛顿, 费城, 匹兹堡, 亚特兰大, 迈阿密, 巴尔的摩, 普林斯顿, 美东, 美国东部"
        ),
        "America/Chicago": (
            "Houston, Dallas, Austin, San Antonio, Minneapolis, Milwaukee, Madison, St Louis, New Orleans, Nashville, Urbana, Champaign, "
            "CDT, US Central, 休斯敦, 休斯顿, 达拉斯, 奥斯汀, 美中, 美国中部"
        ),
        "America/Denver": "Boulder, Salt Lake City, Albuquerque, Los Alamos, MDT, Mountain Time, US Mountain, 博尔德, 盐湖城, 美国山地",
        "America/Los_Angeles": (
            "LA, San Francisco, SF, Seattle, San Diego, Palo Alto, Stanford, Mountain View, Berkeley, Oakland, Sunnyvale, Pasadena, "
            "Las Vegas, Sacramento, Silicon Valley, Bay Area, PT, PST, PDT, Pacific, Pacific Time, US Pacific, California, 旧金山, 舊金山, "
            "三藩市, 西雅图, 圣迭戈, 硅谷, 湾区, 伯克利, 斯坦福, 拉斯维加斯, 加州, 美西, 美国西部"
        ),
        "Pacific/Honolulu": "Hawaii, 夏威夷",
        "America/Toronto": "Montreal, Montréal, Ottawa, Waterloo, Quebec, Québec, 蒙特利尔, 渥太华, 滑铁卢",
        "America/Edmonton": "Calgary, Alberta, 卡尔加里",
        "America/Vancouver": "British Columbia",
        "America/Mexico_City": "Mexico, Ciudad de México, CDMX, Guadalajara",
        "America/Sao_Paulo": "São Paulo, Rio de Janeiro, Rio, Campinas, Brasilia, Brasília, 里约热内卢, 里约, 巴西利亚",
        "America/Argentina/Buenos_Aires": "Buenos Aires, Argentina, 阿根廷",
        "America/Bogota": "Medellin, Colombia, 哥伦比亚",
        "America/Lima": "Peru, 秘鲁",
        "America/Santiago": "Valparaiso",
        "Africa/Cairo": "Giza, Egypt, 埃及",
        "Africa/Johannesburg": "Cape Town, Pretoria, Durban, South Africa, 开普敦, 南非",
        "Africa/Lagos": "Abuja, Nigeria, 尼日利亚",
        "Africa/Nairobi": "Kenya, 肯尼亚",
        "Africa/Casablanca": "Rabat, Morocco, 摩洛哥",
        "Australia/Sydney": "Canberra, Wollongong, 堪培拉, 雪梨",
        "Australia/Melbourne": "Geelong",
        "Pacific/Auckland": "Wellington, Christchurch, New Zealand, NZ, 惠灵顿, 新西兰",
        "UTC": "Zulu, Z, Coordinated Universal Time, 协调世界时, 世界时",
        "GMT": "Greenwich, Greenwich Mean Time, 格林威治, 格林尼治",
        "CET": "CEST, Central European Time, 欧洲中部",
        "EET": "EEST, Eastern European Time, 欧洲东部",
        "WET": "WEST, Western European Time, 欧洲西部",
    }
)

# Names that several places in different zones share. Callers offer all of these places.
AMBIGUOUS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "cst": (("Chicago", "America/Chicago"), ("Shanghai", "Asia/Shanghai")),
        "central": (("Chicago", "America/Chicago"), ("Central European Time", "CET")),
        "ist": (("Kolkata", "Asia/Kolkata"), ("Dublin", "Europe/Dublin"), ("Jerusalem", "Asia/Jerusalem")),
        "mst": (("Denver", "America/Denver"), ("Phoenix", "America/Phoenix")),
        "mt": (("Denver", "America/Denver"), ("Phoenix", "America/Phoenix")),
        "aest": (("Sydney", "Australia/Sydney"), ("Brisbane", "Australia/Brisbane")),
        "cambridge": (("Cambridge, UK", "Europe/London"), ("Cambridge, MA", "America/New_York")),
        "剑桥": (("Cambridge, UK", "Europe/London"), ("Cambridge, MA", "America/New_York")),
        "birmingham": (("Birmingham, UK", "Europe/London"), ("Birmingham, AL", "America/Chicago")),
        "san jose": (("San José, California", "America/Los_Angeles"), ("San José, Costa Rica", "America/Costa_Rica")),
        "圣何塞": (("San José, California", "America/Los_Angeles"), ("San José, Costa Rica", "America/Costa_Rica")),
        "portland": (("Portland, Oregon", "America/Los_Angeles"), ("Portland, Maine", "America/New_York")),
        "usa": (
            ("New York", "America/New_York"),
            ("Chicago", "America/Chicago"),
            ("Denver", "America/Denver"),
            ("Los Angeles", "America/Los_Angeles"),
        ),
        "canada": (
            ("Toronto", "America/Toronto"),
            ("Edmonton", "America/Edmonton"),
            ("Vancouver", "America/Vancouver"),
        ),
        "australia": (("Sydney", "Australia/Sydney"), ("Brisbane", "Australia/Brisbane"), ("Perth", "Australia/Perth")),
        "brazil": (("São Paulo", "America/Sao_Paulo"), ("Manaus", "America/Manaus")),
        "russia": (
            ("Moscow", "Europe/Moscow"),
            ("Novosibirsk", "Asia/Novosibirsk"),
            ("Vladivostok", "Asia/Vladivostok"),
        ),
        "indonesia": (("Jakarta", "Asia/Jakarta"), ("Makassar", "Asia/Makassar"), ("Jayapura", "Asia/Jayapura")),
    }
)
AMBIGUOUS_TOO: Mapping[str, str] = MappingProxyType(
    {
        "us": "usa",
        "united states": "usa",
        "america": "usa",
        "美国": "usa",
        "美國": "usa",
        "加拿大": "canada",
        "澳大利亚": "australia",
        "澳洲": "australia",
        "巴西": "brazil",
        "俄罗斯": "russia",
        "印度尼西亚": "indonesia",
        "印尼": "indonesia",
    }
)


# These functions read IANA's names in any letter case, and offsets such as "UTC+8".


_DASHES = str.maketrans("‐‑‒–—−", "------")
_OFFSET = re.compile(r"(?:utc|gmt)? ?(?P<sign>[+-]) ?(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?")
_LARGEST_OFFSET = timedelta(hours=14)  # in Pacific/Kiritimati; the largest offset to the west is -12:00
_AN_HOUR = 60  # minutes
# Names that are not accepted: this machine's zone, which may change, and zones that belong to no place.
_NO_ZONES = frozenset({"localtime", "Factory", "posixrules"})


def plain(text: str) -> str:
    """Returns a name as it is looked up: in NFKC, with ASCII dashes, lower case and single spaces."""
    return " ".join(normalized("NFKC", text).translate(_DASHES).casefold().split())


def is_offset(text: str) -> bool:
    """Returns whether a plain text is written like an offset, even one that no clock on Earth shows."""
    return _OFFSET.fullmatch(text) is not None


def offset_name(text: str) -> str:
    """Returns the stored name of an offset, such as "+08:00" or "UTC"; "" if no clock on Earth shows it."""
    match = _OFFSET.fullmatch(text)
    if match is None:
        return ""
    hours, minutes = int(match["hours"]), int(match["minutes"] or 0)
    if minutes >= _AN_HOUR or timedelta(hours=hours, minutes=minutes) > _LARGEST_OFFSET:
        return ""
    if hours or minutes:
        return f"{match['sign']}{hours:02}:{minutes:02}"
    return "UTC"


def named(text: str) -> str:
    """Returns IANA's spelling of the name of a zone in plain text; "" if there is no such zone."""
    return by_lower_case().get(text.replace(" ", "_"), "")


@lru_cache(maxsize=1)
def by_lower_case() -> dict[str, str]:
    """Returns lower-case name -> IANA name, without names that differ only in letter case."""
    names: dict[str, list[str]] = {}
    for name in available_timezones() - _NO_ZONES:
        names.setdefault(name.casefold(), []).append(name)
    return {lower: alike[0] for lower, alike in names.items() if len(alike) == 1}


Place = tuple[str, str]  # (its name, its zone)

_AREAS = ("africa", "america", "antarctica", "arctic", "asia", "atlantic", "australia", "europe", "indian", "pacific")
# parts of IANA names that are no places
_NO_CITIES = frozenset({"center", "south", "north", "west", "act", "nsw", "lhi"})
_HAN = re.compile(r"[\u4e00-\u9fff]")
_FRAME = re.compile(r"(?:in )?(?:the )?(?P<place>.*?)(?: (?:standard |local )?(?:time|clock))?")
_FRAME_ZH = re.compile(
    r"(?:在|按)?(?P<place>.+?)(?:市|(?:市|的)?(?:标准|標準|当地|當地|本地)?(?:时间|時間|时区|時區))?"
)
_EAST_OR_WEST = re.compile(r"(?P<side>[东東西])(?P<hours>十?[一二三四五六七八九十]|\d\d?)(?:时?区|時?區)")
_HAN_NUMBERS = {
    name: hours
    for hours, name in enumerate(["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"], 1)
}
_LONGEST = 40  # characters of the name of a place
_ALIKE, _ALIKE_HAN = 0.8, 0.65  # least ratio (difflib) of similar names; Gotham must not be taken for Godthab
MOST_NEAR = 3


@lru_cache(maxsize=4096)
def zone_of_place(text: str) -> str:
    """Returns the zone that a text names: a city, a country with one clock, a zone or an offset; "" if it names none.

    The name must be complete and correct, in English or Chinese. Letter case, accents and the word "time" do not
    matter: "new york", "München", "北京时间", "Europe/Berlin", "CET", "UTC+8". A name that several places share gives "".
    """
    typed = plain(text)
    if not typed or len(typed) > _LONGEST:
        return ""
    if is_offset(typed):
        return offset_name(typed)
    if found := _east_or_west(typed):
        return found
    if "/" in typed:
        return named(typed)
    return _of_name(typed) or _of_city_and_country(typed)


def near_places(text: str) -> tuple[Place, ...]:
    """Returns the places that have this name; if there are none, up to three places with similar names.

    A caller may offer them to a person, but must not choose one itself.
    """
    typed = plain(text)
    if not typed or len(typed) > _LONGEST:
        return ()
    if several := _several(_key(typed)):
        return several
    key = _key(typed.partition(",")[0])
    return tuple(_nearest(key, _known(key)) or _nearest_zones(typed))


def _of_name(typed: str) -> str:
    key = _key(typed)
    if _several(key):
        return ""
    found = _known(key).get(key)
    return found[1] if found else named(key)


def _of_city_and_country(typed: str) -> str:
    """Returns the zone of "paris, france" if the city and the country have the same zone; else ""."""
    city, comma, country = typed.partition(",")
    zone = _of_name(city) if comma else ""
    country = _key(country)
    zones = {_of_name(country), *(other for _, other in _several(country))}
    return zone if zone and zone in zones else ""


def _several(key: str) -> tuple[Place, ...]:
    return AMBIGUOUS.get(AMBIGUOUS_TOO.get(key, key), ())


def _east_or_west(typed: str) -> str:
    """Returns the zone of 东八区, the eighth zone to the east; "" for other texts."""
    match = _EAST_OR_WEST.fullmatch(typed)
    if match is None:
        return ""
    hours = _HAN_NUMBERS.get(match["hours"]) or (int(match["hours"]) if match["hours"].isdecimal() else 99)
    return offset_name(f"{'-' if match['side'] == '西' else '+'}{hours}")


def _key(typed: str) -> str:
    """Returns the key of a place in the index: its name without words around it such as "time" and 时间."""
    bare = _bare(typed)
    if bare in _known(bare):
        return bare
    match = (_FRAME_ZH if _HAN.search(bare) else _FRAME).fullmatch(bare)
    return match["place"] if match else bare


def _bare(name: str) -> str:
    """Returns a name in lower case, without accents and punctuation."""
    spaced = re.sub(r"[\s_.,'’-]+", " ", plain(name)).strip()
    letters = "".join(sign for sign in normalized("NFD", spaced) if not combining(sign))
    return normalized("NFC", letters).replace("ø", "o").replace("ł", "l")


def _known(key: str) -> Mapping[str, Place]:
    return _index_zh() if _HAN.search(key) else _index()


@lru_cache(maxsize=1)
def _index() -> Mapping[str, Place]:
    """Returns key -> place for the cities in names of zones and the places of our own list."""
    return {_bare(name): (name, zone) for name, zone in (*_cities_of_zones(), *_own_cities())}


@lru_cache(maxsize=1)
def _index_zh() -> Mapping[str, Place]:
    """Returns key -> place for places with a Chinese name, also from CLDR (Unicode's table of names)."""
    from babel import Locale  # noqa: PLC0415 - Babel costs 30 ms, and many processes never read a Chinese place

    names: dict[str, Place] = {}
    for written in ("zh_Hant", "zh"):  # simplified Chinese (zh) comes last, so its names replace the traditional ones
        for zone, facts in Locale.parse(written).time_zones.items():
            if facts.get("city") and zone in by_lower_case().values():
                names[str(facts["city"])] = (str(facts["city"]), zone)
    return names | {key: place for key, place in _index().items() if _HAN.search(key)}


def _cities_of_zones() -> Iterator[Place]:
    """Yields the cities in the names of zones, in reverse alphabetical order of the zones.

    So if two zones have the same city, a dict of the results keeps the alphabetically first zone.
    """
    for lower, zone in sorted(by_lower_case().items(), reverse=True):
        area, _, city = lower.rpartition("/")
        if area.partition("/")[0] in _AREAS and city not in _NO_CITIES:
            yield zone.rpartition("/")[2].replace("_", " "), zone


def _own_cities() -> Iterator[Place]:
    for zone, names in CITIES.items():
        for name in names.split(", "):
            yield name, zone


def _nearest(key: str, names: Mapping[str, Place]) -> list[Place]:
    """Returns the places with the most similar names, one for each zone, the most similar first."""
    if key in names:
        return [names[key]]
    cutoff = _ALIKE_HAN if _HAN.search(key) else _ALIKE
    close = [names[name] for name in get_close_matches(key, names, n=2 * MOST_NEAR, cutoff=cutoff)]
    return list({zone: (name, zone) for name, zone in reversed(close)}.values())[::-1][:MOST_NEAR]


def _nearest_zones(typed: str) -> list[Place]:
    names = by_lower_case()
    close = get_close_matches(typed.replace(" ", "_"), names, n=1, cutoff=_ALIKE) if "/" in typed else []
    city = typed.rpartition("/")[2]
    if close:
        return [(names[close[0]], names[close[0]])]
    if "/" in typed:
        return _nearest(_key(city), _known(_key(city)))
    return []


def known_zone(name: str) -> str:
    """Returns the name under which a zone is stored: IANA's spelling, or an offset like "+08:00"; "" if there is none."""
    typed = plain(name)
    return offset_name(typed) or named(typed)


@lru_cache(maxsize=4096)
def zone_name(name: str) -> str:
    """Like `known_zone`, but raises Refused if there is no such zone."""
    if stored := known_zone(name):
        return stored
    if is_offset(plain(name)):
        raise errors.Refused(
            errors.Sentence("“{name}” is not an offset that any clock on Earth shows.", {"name": name.strip()}),
            errors.Sentence("For example: +08:00, UTC-3 or +05:30."),
        )
    raise errors.Refused(
        errors.Sentence("“{name}” is not a time zone that I know.", {"name": name.strip()}), _suggestion(name)
    )


@lru_cache(maxsize=4096)
def zone(name: str) -> tzinfo:
    """Returns the zone of an IANA name in any letter case, or of an offset such as "+08:00" or "UTC+8".

    Raises Refused for other texts. The hint of this error is the nearest name, or some examples.
    """
    stored = zone_name(name)
    if stored[0] in "+-":
        size = timedelta(hours=int(stored[1:3]), minutes=int(stored[4:]))
        return timezone(-size if stored[0] == "-" else size)
    return ZoneInfo(stored)


def _suggestion(name: str) -> errors.Sentence:
    near = zone_of_place(name) or next((zone for _, zone in near_places(name)), "")
    if near:
        return errors.Sentence("Did you mean {zone}?", {"zone": near})
    return errors.Sentence("For example: Europe/Berlin, America/New_York, Asia/Shanghai or +08:00.")
