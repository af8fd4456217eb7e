"""Cities and countries by zone, in English and Chinese, and the names that several zones share."""

from collections.abc import Mapping
from types import MappingProxyType

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
