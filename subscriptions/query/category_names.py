"""Names of arXiv's categories: arXiv's own, other English names that people use, and Chinese names."""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from subscriptions.query.categories import CATEGORIES, has_classes
from subscriptions.text.stems import stem

# The first name of a category is from https://arxiv.org/category_taxonomy.
_NAMES = """
    astro-ph            Astrophysics; 天体物理
    astro-ph.CO         Cosmology and Nongalactic Astrophysics; 宇宙学
    astro-ph.EP         Earth and Planetary Astrophysics; 行星科学
    astro-ph.GA         Astrophysics of Galaxies; Galaxies; 星系
    astro-ph.HE         High Energy Astrophysical Phenomena; High Energy Astrophysics; 高能天体物理
    astro-ph.IM         Instrumentation and Methods for Astrophysics
    astro-ph.SR         Solar and Stellar Astrophysics; 恒星
    cond-mat            Condensed Matter; Condensed Matter Physics; 凝聚态; 凝聚态物理
    cond-mat.dis-nn     Disordered Systems and Neural Networks
    cond-mat.mes-hall   Mesoscale and Nanoscale Physics
    cond-mat.mtrl-sci   Materials Science; 材料科学
    cond-mat.other      Other Condensed Matter
    cond-mat.quant-gas  Quantum Gases; 量子气体
    cond-mat.soft       Soft Condensed Matter; Soft Matter; 软物质
    cond-mat.stat-mech  Statistical Mechanics; 统计力学
    cond-mat.str-el     Strongly Correlated Electrons; 强关联电子
    cond-mat.supr-con   Superconductivity; 超导
    cs                  Computer Science; 计算机; 计算机科学
    cs.AI               Artificial Intelligence; 人工智能
    cs.AR               Hardware Architecture; Computer Architecture; 硬件架构; 体系结构
    cs.CC               Computational Complexity; 计算复杂性
    cs.CE               Computational Engineering, Finance, and Science
    cs.CG               Computational Geometry; 计算几何
    cs.CL               Computation and Language; Natural Language Processing; NLP; Computational Linguistics; 自然语言处理; 计算语言学
    cs.CR               Cryptography and Security; 密码学; 安全; 信息安全
    cs.CV               Computer Vision and Pattern Recognition; 计算机视觉; 模式识别; 视觉
    cs.CY               Computers and Society; 计算机与社会
    cs.DB               Databases; Database; 数据库
    cs.DC               Distributed, Parallel, and Cluster Computing; Distributed Computing; Parallel Computing; 分布式计算; 并行计算
    cs.DL               Digital Libraries; 数字图书馆
    cs.DM               Discrete Mathematics; 离散数学
    cs.DS               Data Structures and Algorithms; 算法; 数据结构; 数据结构与算法
    cs.ET               Emerging Technologies; 新兴技术
    cs.FL               Formal Languages and Automata Theory; 形式语言
    cs.GL               General Literature
    cs.GR               Graphics; Computer Graphics; 图形学; 计算机图形学
    cs.GT               Computer Science and Game Theory; 博弈论
    cs.HC               Human-Computer Interaction; HCI; 人机交互
    cs.IR               Information Retrieval; 信息检索
    cs.IT               Information Theory; 信息论
    cs.LG               Machine Learning; Deep Learning; 机器学习; 深度学习
    cs.LO               Logic in Computer Science; 计算机逻辑
    cs.MA               Multiagent Systems; Multi-Agent Systems; 多智能体; 多智能体系统
    cs.MM               Multimedia; 多媒体
    cs.MS               Mathematical Software; 数学软件
    cs.NA               Numerical Analysis; 数值分析
    cs.NE               Neural and Evolutionary Computing; Evolutionary Computing; 神经与进化计算; 进化计算
    cs.NI               Networking and Internet Architecture; Computer Networks; 计算机网络
    cs.OH               Other Computer Science
    cs.OS               Operating Systems; 操作系统
    cs.PF               Performance; 性能
    cs.PL               Programming Languages; 编程语言; 程序设计语言
    cs.RO               Robotics; 机器人; 机器人学
    cs.SC               Symbolic Computation; 符号计算
    cs.SD               Sound; 声音
    cs.SE               Software Engineering; 软件工程
    cs.SI               Social and Information Networks; Social Networks; 社交网络
    cs.SY               Systems and Control; 系统与控制; 控制
    econ                Economics; 经济学
    econ.EM             Econometrics; 计量经济学
    econ.GN             General Economics
    econ.TH             Theoretical Economics; 理论经济学
    eess                Electrical Engineering and Systems Science; 电气工程
    eess.AS             Audio and Speech Processing; Speech Processing; 语音处理; 语音
    eess.IV             Image and Video Processing; Image Processing; Video Processing; 图像处理; 视频处理
    eess.SP             Signal Processing; 信号处理
    eess.SY             Systems and Control; 系统与控制; 控制
    gr-qc               General Relativity and Quantum Cosmology; 广义相对论
    hep-ex              High Energy Physics - Experiment; 高能物理实验
    hep-lat             High Energy Physics - Lattice; 格点场论
    hep-ph              High Energy Physics - Phenomenology; 高能物理唯象
    hep-th              High Energy Physics - Theory; 高能物理理论
    math                Mathematics; 数学
    math.AC             Commutative Algebra; 交换代数
    math.AG             Algebraic Geometry; 代数几何
    math.AP             Analysis of PDEs; PDEs; 偏微分方程
    math.AT             Algebraic Topology; 代数拓扑
    math.CA             Classical Analysis and ODEs; 经典分析
    math.CO             Combinatorics; 组合数学; 组合
    math.CT             Category Theory; 范畴论
    math.CV             Complex Variables; Complex Analysis; 复变函数; 复分析
    math.DG             Differential Geometry; 微分几何
    math.DS             Dynamical Systems; 动力系统
    math.FA             Functional Analysis; 泛函分析
    math.GM             General Mathematics
    math.GN             General Topology; 一般拓扑
    math.GR             Group Theory; 群论
    math.GT             Geometric Topology; 几何拓扑
    math.HO             History and Overview
    math.IT             Information Theory; 信息论
    math.KT             K-Theory and Homology; K理论
    math.LO             Logic; 逻辑; 数理逻辑
    math.MG             Metric Geometry; 度量几何
    math.MP             Mathematical Physics; 数学物理
    math.NA             Numerical Analysis; 数值分析
    math.NT             Number Theory; 数论
    math.OA             Operator Algebras; 算子代数
    math.OC             Optimization and Control; 优化; 最优化; 优化与控制
    math.PR             Probability; Probability Theory; 概率论; 概率
    math.QA             Quantum Algebra; 量子代数
    math.RA             Rings and Algebras; 环与代数
    math.RT             Representation Theory; 表示论
    math.SG             Symplectic Geometry; 辛几何
    math.SP             Spectral Theory; 谱理论
    math.ST             Statistics Theory; 统计理论
    math-ph             Mathematical Physics; 数学物理
    nlin                Nonlinear Sciences; 非线性科学
    nlin.AO             Adaptation and Self-Organizing Systems
    nlin.CD             Chaotic Dynamics; 混沌
    nlin.CG             Cellular Automata and Lattice Gases; 元胞自动机
    nlin.PS             Pattern Formation and Solitons
    nlin.SI             Exactly Solvable and Integrable Systems; 可积系统
    nucl-ex             Nuclear Experiment; 核物理实验
    nucl-th             Nuclear Theory; 核理论
    physics             Physics; 物理; 物理学
    physics.acc-ph      Accelerator Physics; 加速器物理
    physics.ao-ph       Atmospheric and Oceanic Physics; 大气与海洋物理
    physics.app-ph      Applied Physics; 应用物理
    physics.atm-clus    Atomic and Molecular Clusters
    physics.atom-ph     Atomic Physics; 原子物理
    physics.bio-ph      Biological Physics; Biophysics; 生物物理
    physics.chem-ph     Chemical Physics; 化学物理
    physics.class-ph    Classical Physics; 经典物理
    physics.comp-ph     Computational Physics; 计算物理
    physics.data-an     Data Analysis, Statistics and Probability; Data Analysis; 数据分析
    physics.ed-ph       Physics Education; 物理教育
    physics.flu-dyn     Fluid Dynamics; 流体力学
    physics.gen-ph      General Physics
    physics.geo-ph      Geophysics; 地球物理
    physics.hist-ph     History and Philosophy of Physics; 物理学史
    physics.ins-det     Instrumentation and Detectors
    physics.med-ph      Medical Physics; 医学物理
    physics.optics      Optics; 光学
    physics.plasm-ph    Plasma Physics; 等离子体物理
    physics.pop-ph      Popular Physics
    physics.soc-ph      Physics and Society; 物理与社会
    physics.space-ph    Space Physics; 空间物理
    q-bio               Quantitative Biology; Biology; 定量生物学; 生物
    q-bio.BM            Biomolecules; 生物分子
    q-bio.CB            Cell Behavior; 细胞行为
    q-bio.GN            Genomics; 基因组学
    q-bio.MN            Molecular Networks; 分子网络
    q-bio.NC            Neurons and Cognition; Neuroscience; 神经科学; 神经元与认知
    q-bio.OT            Other Quantitative Biology
    q-bio.PE            Populations and Evolution; 种群与进化
    q-bio.QM            Quantitative Methods; 定量方法
    q-bio.SC            Subcellular Processes
    q-bio.TO            Tissues and Organs; 组织与器官
    q-fin               Quantitative Finance; Finance; 定量金融; 金融
    q-fin.CP            Computational Finance; 计算金融
    q-fin.EC            Economics; 经济学
    q-fin.GN            General Finance
    q-fin.MF            Mathematical Finance; 数学金融
    q-fin.PM            Portfolio Management; 投资组合管理
    q-fin.PR            Pricing of Securities; 证券定价
    q-fin.RM            Risk Management; 风险管理
    q-fin.ST            Statistical Finance; 统计金融
    q-fin.TR            Trading and Market Microstructure; 市场微观结构
    quant-ph            Quantum Physics; Quantum Computing; 量子物理; 量子计算
    stat                Statistics; 统计; 统计学
    stat.AP             Applications
    stat.CO             Computation; 统计计算
    stat.ME             Methodology; 方法论
    stat.ML             Machine Learning; 机器学习
    stat.OT             Other Statistics
    stat.TH             Statistics Theory; 统计理论
"""
_MOST = 4  # most categories that one name may mean
_LONGEST = 8  # most words of a name
_SHORTEST_PART = 5  # fewest letters of a part of a name that can be typed alone, such as "security"
_WORD = re.compile(r"\w+")
_JOINTS = re.compile(r",? and |, | - ")


def categories_named(words: Sequence[str]) -> tuple[int, tuple[str, ...]]:
    """Find the longest name of categories at the start of `words`.

    Return (number of words in the name, the categories that it means), or (0, ()) if no name is there. Tries whole
    names first, then parts of arXiv's names ("computer vision"), then the letters after the dot ("AI").
    """
    for count in range(min(len(words), _LONGEST), 0, -1):
        name = _key(" ".join(words[:count]))
        for known in (_whole_names(), _parts_of_names(), _classes()):
            if 0 < len(codes := known.get(name, ())) <= _MOST:
                return count, codes
    return 0, ()


def names() -> list[str]:
    """Return all names of categories and archives, in English and Chinese, each once."""
    return list(dict.fromkeys(name for _, written in _rows() for name in written))


def _key(name: str) -> str:
    return " ".join(stem(word) for word in _WORD.findall(name.casefold()))


def _rows() -> Iterator[tuple[str, list[str]]]:
    for line in _NAMES.strip().splitlines():
        code, names = line.split(maxsplit=1)
        yield code, names.split("; ")


def _gathered(names: Iterator[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, code in names:
        found[name] = tuple(dict.fromkeys((*found.get(name, ()), code)))
    return found


@cache
def _whole_names() -> dict[str, tuple[str, ...]]:
    return _gathered((_key(name), code) for code, names in _rows() for name in names)


@cache
def _parts_of_names() -> dict[str, tuple[str, ...]]:
    parts = ((part, code) for code, (name, *_) in _rows() for part in _JOINTS.split(name) if not has_classes(code))
    return _gathered((_key(part), code) for part, code in parts if len(part) >= _SHORTEST_PART)


@cache
def _classes() -> dict[str, tuple[str, ...]]:
    return _gathered((code.partition(".")[2].casefold(), code) for code in sorted(CATEGORIES) if "." in code)
