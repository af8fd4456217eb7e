"""What people type, and what should be read: the query, the cadence and the zone.

The chat has chosen no time (its schedule is when-out 08:00-20:00). ✗ means that the cadence is refused; the nearest
one, which is offered, follows it. "" means that no time is read, and the query is all that was typed. A ~ at the end
means that the words of the time may also be words of the query; the reply offers this.
"""

ENGLISH = """
diffusion daily                          > diffusion | daily 09:00 ~
diffusion Daily                          > diffusion | daily 09:00 ~
diffusion every day                      > diffusion | daily 09:00
diffusion everyday                       > diffusion | daily 09:00 ~
diffusion each day                       > diffusion | daily 09:00
diffusion once a day                     > diffusion | daily 09:00
diffusion once daily                     > diffusion | daily 09:00
diffusion each morning                   > diffusion | daily 09:00
diffusion every evening                  > diffusion | daily 18:00
diffusion every night                    > diffusion | daily 21:00
diffusion mornings                       > diffusion | daily 09:00 ~
diffusion in the morning                 > diffusion | daily 09:00 ~
diffusion every morning at 8             > diffusion | daily 08:00
diffusion every evening at 8             > diffusion | daily 20:00
diffusion every night at 11              > diffusion | daily 23:00
diffusion at 8 in the evening            > diffusion | daily 20:00
diffusion 8 in the morning               > diffusion | daily 08:00
diffusion daily 9                        > diffusion | daily 09:00
diffusion daily 18                       > diffusion | daily 18:00
diffusion daily at 9                     > diffusion | daily 09:00
diffusion daily at 9am                   > diffusion | daily 09:00
diffusion daily 8.30                     > diffusion | daily 08:30
diffusion daily 8h30                     > diffusion | daily 08:30
diffusion daily 8h                       > diffusion | daily 08:00
diffusion 21:00h daily                   > diffusion | daily 21:00
diffusion daily 21:00 hrs                > diffusion | daily 21:00
diffusion · daily 9                      > diffusion | daily 09:00
diffusion daily 9 🙏                     > diffusion | daily 09:00
diffusion daily 0830                     > diffusion | daily 08:30
diffusion daily at 9 o'clock             > diffusion | daily 09:00
diffusion daily @ 9                      > diffusion | daily 09:00
diffusion daily by 9am                   > diffusion | daily 09:00
diffusion every day at 8                 > diffusion | daily 08:00
diffusion every day at 8:15 pm           > diffusion | daily 20:15
diffusion every day 7am                  > diffusion | daily 07:00
diffusion at 8 every day                 > diffusion | daily 08:00
diffusion 8am every day                  > diffusion | daily 08:00
diffusion 9am daily                      > diffusion | daily 09:00
diffusion 9am                            > diffusion | daily 09:00
diffusion 9 am                           > diffusion | daily 09:00
diffusion 9AM                            > diffusion | daily 09:00
diffusion 9 a.m.                         > diffusion | daily 09:00
diffusion 9:30pm                         > diffusion | daily 21:30
diffusion 9.30pm                         > diffusion | daily 21:30
diffusion 12am                           > diffusion | daily 00:00
diffusion 12pm                           > diffusion | daily 12:00
diffusion 8:30                           > diffusion | daily 08:30 ~
diffusion 16:10                          > diffusion | daily 16:10 ~
diffusion at 8:30                        > diffusion | daily 08:30
diffusion at 8.30                        > diffusion | daily 08:30
diffusion at 9                           > diffusion | daily 09:00
diffusion at 0                           > diffusion | daily 00:00
diffusion at 9am                         > diffusion | daily 09:00
diffusion @9am                           > diffusion | daily 09:00
diffusion at noon                        > diffusion | daily 12:00 ~
diffusion at midnight                    > diffusion | daily 00:00 ~
diffusion noon                           > diffusion | daily 12:00 ~
diffusion daily at noon                  > diffusion | daily 12:00
diffusion every day at midnight          > diffusion | daily 00:00
diffusion weekdays                       > diffusion | weekdays 09:00 ~
diffusion every weekday                  > diffusion | weekdays 09:00
diffusion on weekdays                    > diffusion | weekdays 09:00
diffusion every weekday at 9             > diffusion | weekdays 09:00
diffusion weekdays 8:30                  > diffusion | weekdays 08:30
diffusion at 8:30 weekdays               > diffusion | weekdays 08:30
diffusion 8:30 on weekdays               > diffusion | weekdays 08:30
diffusion every weekday morning          > diffusion | weekdays 09:00
diffusion workdays 7                     > diffusion | weekdays 07:00
diffusion business days at 10            > diffusion | weekdays 10:00
diffusion mon-fri 9                      > diffusion | weekdays 09:00
diffusion mon-fri                        > diffusion | weekdays 09:00
diffusion Mon–Fri 9am                    > diffusion | weekdays 09:00
diffusion mon - fri at 9                 > diffusion | weekdays 09:00
diffusion monday to friday               > diffusion | weekdays 09:00
diffusion Monday through Friday at 7:45  > diffusion | weekdays 07:45
diffusion 9am mon-fri                    > diffusion | weekdays 09:00
diffusion every day mon-fri at 9         > diffusion | weekdays 09:00
diffusion mon-sun 9                      > diffusion | daily 09:00
diffusion weekly                         > diffusion | weekly mon 09:00 ~
diffusion every week                     > diffusion | weekly mon 09:00
diffusion once a week                    > diffusion | weekly mon 09:00
diffusion each week at 10                > diffusion | weekly mon 10:00
diffusion weekly 9                       > diffusion | weekly mon 09:00
diffusion weekly monday                  > diffusion | weekly mon 09:00
diffusion weekly mon                     > diffusion | weekly mon 09:00
diffusion weekly on Friday               > diffusion | weekly fri 09:00
diffusion weekly on tues 9:15            > diffusion | weekly tue 09:15
diffusion weekly Thursday at 9           > diffusion | weekly thu 09:00
diffusion every week on wednesday at 6pm > diffusion | weekly wed 18:00
diffusion once a week on sunday          > diffusion | weekly sun 09:00
diffusion every monday                   > diffusion | weekly mon 09:00
diffusion every mon                      > diffusion | weekly mon 09:00
diffusion every monday at 10             > diffusion | weekly mon 10:00
diffusion every monday morning           > diffusion | weekly mon 09:00
diffusion every friday evening at 7      > diffusion | weekly fri 19:00
diffusion mondays                        > diffusion | weekly mon 09:00 ~
diffusion mondays at 9                   > diffusion | weekly mon 09:00
diffusion on mondays                     > diffusion | weekly mon 09:00
diffusion on monday                      > diffusion | weekly mon 09:00
diffusion monday                         > diffusion | weekly mon 09:00 ~
diffusion monday 9am                     > diffusion | weekly mon 09:00
diffusion mon 9                          > diffusion | weekly mon 09:00
diffusion 9am monday                     > diffusion | weekly mon 09:00
diffusion at 9 on mondays                > diffusion | weekly mon 09:00
diffusion 9am every monday               > diffusion | weekly mon 09:00
diffusion every sat                      > diffusion | weekly sat 09:00
diffusion sun 10am                       > diffusion | weekly sun 10:00
diffusion weekends                       > diffusion | sat,sun 09:00 ~
diffusion every weekend                  > diffusion | sat,sun 09:00
diffusion on weekends at 10              > diffusion | sat,sun 10:00
diffusion at the weekend                 > diffusion | sat,sun 09:00 ~
diffusion now                            > diffusion | now
diffusion 5 days a week                  > diffusion | weekdays 09:00
diffusion twelve noon                    > diffusion | daily 12:00 ~
diffusion dayly                          > diffusion | daily 09:00 ~
diffusion evry day at 8                  > diffusion | daily 08:00
diffusion wekly on friday                > diffusion | weekly fri 09:00
diffusion [daily 9]                      > diffusion | daily 09:00
diffusion NOW                            > diffusion | now
diffusion immediately                    > diffusion | now ~
diffusion daily at six o'clock           > diffusion | daily 06:00
diffusion half past six                  > diffusion | daily 06:30
diffusion daily at nine thirty           > diffusion | daily 09:30
noise every evening at nine thirty       > noise | daily 21:30
graphs at seven forty-five               > graphs | daily 07:45
diffusion every day at six pm            > diffusion | daily 18:00
diffusion every friday five p.m.         > diffusion | weekly fri 17:00
what I am                                >
diffusion when-out                       > diffusion | when-out 08:00-20:00
diffusion when-out weekdays              > diffusion | when-out 08:00-20:00 weekdays
diffusion when-out 9-18 weekdays         > diffusion | when-out 09:00-18:00 weekdays
diffusion when-out weekdays 9-18         > diffusion | when-out 09:00-18:00 weekdays
diffusion when-out 8 am - 8 pm weekdays  > diffusion | when-out 08:00-20:00 weekdays
diffusion when-out 9am to 6pm            > diffusion | when-out 09:00-18:00
diffusion when out 9-18                  > diffusion | when-out 09:00-18:00
diffusion daily at 9am Berlin            > diffusion | daily 09:00 | Europe/Berlin
diffusion daily 9 Berlin                 > diffusion | daily 09:00 | Europe/Berlin
diffusion daily 9 Berlin time            > diffusion | daily 09:00 | Europe/Berlin
diffusion daily at 9 in Berlin           > diffusion | daily 09:00 | Europe/Berlin
diffusion 9am in New York                > diffusion | daily 09:00 | America/New_York
diffusion 9am New York time daily        > diffusion | daily 09:00 | America/New_York
diffusion at 9 CET                       > diffusion | daily 09:00 | CET
diffusion 8am UTC+8                      > diffusion | daily 08:00 | +08:00
diffusion 8am UTC +8                     > diffusion | daily 08:00 | +08:00
diffusion daily 09:00 +08:00             > diffusion | daily 09:00 | +08:00
diffusion daily 09:00 Europe/Berlin      > diffusion | daily 09:00 | Europe/Berlin
diffusion weekly mon 9 london            > diffusion | weekly mon 09:00 | Europe/London
diffusion mon-fri 9, Munich              > diffusion | weekdays 09:00 | Europe/Berlin
diffusion every monday at 10am PST       > diffusion | weekly mon 10:00 | America/Los_Angeles
diffusion weekdays 8:30 San Francisco    > diffusion | weekdays 08:30 | America/Los_Angeles
diffusion when-out 9-18 Tokyo            > diffusion | when-out 09:00-18:00 | Asia/Tokyo
diffusion at 9 UTC                       > diffusion | daily 09:00 | UTC
diffusion daily 9 (Berlin)               > diffusion | daily 09:00 | Europe/Berlin
diffusion -survey at 8                   > diffusion -survey | daily 08:00
diffusion, daily at 9                    > diffusion | daily 09:00
diffusion; every monday                  > diffusion | weekly mon 09:00
diffusion - daily at 9                   > diffusion | daily 09:00
diffusion (daily at 9)                   > diffusion | daily 09:00
diffusion daily at 9.                    > diffusion | daily 09:00
diffusion daily at 9 please              > diffusion | daily 09:00
rlhf, dpo, daily at 9                    > rlhf, dpo | daily 09:00
rlhf, dpo daily                          > rlhf, dpo | daily 09:00 ~
GPT 4 daily                              > GPT 4 | daily 09:00 ~
top 10 daily at 9                        > top 10 | daily 09:00
"diffusion models" at 8                  > "diffusion models" | daily 08:00
cs.LG daily 9                            > cs.LG | daily 09:00
author:"Yann LeCun" every friday         > author:"Yann LeCun" | weekly fri 09:00
time series daily                        > time series | daily 09:00 ~
recall at 5                              > recall | daily 05:00 ~
light at night                           > light | daily 21:00 ~
images of the sun at noon                > images of the sun | daily 12:00 ~
attention at scale                       >
weekly supervision                       >
daily activities                         >
one shot                                 >
GPT 4                                    >
GPT-4                                    >
figure 8                                 >
top 10                                   >
recall at 50                             >
llama 3.1                                >
PM 2.5                                   >
aspect ratio 4:3                         >
boolean SAT                              >
Jian Sun                                 >
the sun                                  >
physics of the sun                       >
author: Sun                              >
ti: daily                                >
diffusion OR daily                       >
diffusion AND NOT weekly                 >
diffusion -daily                         >
diffusion, not daily                     >
"diffusion daily"                        >
diffusion "daily"                        >
diffusion "at 8"                         >
diffusion "until now                     >
diffusion “look at 8                     >
(diffusion daily)                        >
now diffusion                            >
daily 9 diffusion                        >
object detection real time               >
day and night                            >
next week                                >
last monday                              >
weekday versus weekend                   >
daily                                    >
weekly mon at 9                          >
every day at 8                           >
diffusion: daily 9                       > diffusion | daily 09:00
title: daily                             >
diffusion every day 9am Pacific          > diffusion | daily 09:00 | America/Los_Angeles
diffusion at 7pm (Tokyo time)            > diffusion | daily 19:00 | Asia/Tokyo
diffusion Mon.-Fri. at 9                 > diffusion | weekdays 09:00
diffusion only on weekdays               > diffusion | weekdays 09:00
diffusion weekdays only at 9             > diffusion | weekdays 09:00
diffusion every weekday at 9 sharp       > diffusion | weekdays 09:00
diffusion every day at around 9          > diffusion | daily 09:00
diffusion every day after 6pm            > diffusion | daily 18:00
diffusion nightly at 10                  > diffusion | daily 22:00
diffusion daily except weekends          > diffusion | weekdays 09:00
diffusion, notify me every monday        > diffusion | weekly mon 09:00
diffusion send daily at 9                > diffusion | daily 09:00
diffusion daily 9am local time           > diffusion | daily 09:00
inference at 8 bit                       >
hits@10                                  >
sleep on weekdays vs weekends            >
diffusion daily except friday            > diffusion | ✗ daily 09:00 ~
diffusion the first of every month       > diffusion | ✗ weekly mon 09:00 ~
diffusion tomorrow at 9                  > diffusion | ✗ daily 09:00 ~
diffusion daily at 9 Gotham              > diffusion | ✗ daily 09:00
diffusion 9am Berln                      > diffusion | ✗ daily 09:00 Europe/Berlin, daily 09:00 Europe/Zurich
diffusion daily 9 now                    > diffusion | ✗ now ~
diffusion when-out 9                     > diffusion | ✗ when-out 08:00-20:00 ~
diffusion 9am Berlin Tokyo               > diffusion | ✗ daily 09:00 Europe/Berlin ~
diffusion hourly                         > diffusion | ✗ now ~
diffusion every hour                     > diffusion | ✗ now ~
diffusion every 30 minutes               > diffusion | ✗ now ~
diffusion every 2h                       > diffusion | ✗ now ~
diffusion every 12 hours                 > diffusion | ✗ daily 09:00 ~
diffusion twice a day                    > diffusion | ✗ daily 09:00 ~
diffusion twice daily                    > diffusion | ✗ daily 09:00 ~
diffusion three times a day              > diffusion | ✗ daily 09:00 ~
diffusion 3x a day                       > diffusion | ✗ daily 09:00 ~
diffusion daily at 8 and 20              > diffusion | ✗ daily 08:00 ~
diffusion at 9am and 5pm                 > diffusion | ✗ daily 09:00 ~
diffusion at 9 and at 17                 > diffusion | ✗ daily 09:00 ~
diffusion every six hours                > diffusion | ✗ now ~
diffusion every six weeks                > diffusion | ✗ weekly mon 09:00 ~
diffusion every 3 days                   > diffusion | ✗ daily 09:00 ~
diffusion every two days at 7            > diffusion | ✗ daily 07:00 ~
diffusion every other day                > diffusion | ✗ daily 09:00 ~
diffusion every other week               > diffusion | ✗ weekly mon 09:00 ~
diffusion every other friday             > diffusion | ✗ weekly fri 09:00 ~
diffusion biweekly                       > diffusion | ✗ weekly mon 09:00 ~
diffusion fortnightly                    > diffusion | ✗ weekly mon 09:00 ~
diffusion every 2 weeks                  > diffusion | ✗ weekly mon 09:00 ~
diffusion twice a week                   > diffusion | ✗ weekly mon 09:00 ~
diffusion twice a week on mon and thu    > diffusion | mon,thu 09:00
diffusion twice weekly, wed & sat        > diffusion | wed,sat 09:00
diffusion monthly                        > diffusion | ✗ weekly mon 09:00 ~
diffusion every month                    > diffusion | ✗ weekly mon 09:00 ~
diffusion once a month                   > diffusion | ✗ weekly mon 09:00 ~
diffusion first monday of the month      > diffusion | ✗ weekly mon 09:00 ~
diffusion quarterly                      > diffusion | ✗ weekly mon 09:00 ~
diffusion yearly                         > diffusion | ✗ weekly mon 09:00 ~
diffusion mon, wed                       > diffusion | mon,wed 09:00
diffusion mon and thu at 9               > diffusion | mon,thu 09:00
diffusion tuesdays and thursdays         > diffusion | tue,thu 09:00
diffusion mon/wed/fri 8                  > diffusion | mon,wed,fri 08:00
diffusion tue-thu 9                      > diffusion | tue,wed,thu 09:00
diffusion mon-sat 9                      > diffusion | mon,tue,wed,thu,fri,sat 09:00
diffusion sat and sun                    > diffusion | sat,sun 09:00
diffusion daily 9-18                     > diffusion | ✗ when-out 09:00-18:00 ~
diffusion weekdays 9 to 18               > diffusion | ✗ when-out 09:00-18:00 weekdays ~
diffusion every hour or so               > diffusion | ✗ now ~
diffusion every fifteen minutes          > diffusion | ✗ now ~
diffusion every twenty hours             > diffusion | ✗ daily 09:00 ~
diffusion every first monday             > diffusion | ✗ weekly mon 09:00 ~
diffusion at 8 tonight                   > diffusion | ✗ daily 20:00 ~
diffusion tonight at 8                   > diffusion | ✗ daily 20:00 ~
diffusion at 25:00                       > diffusion | ✗ daily 09:00 ~
rag at 25                                > rag | ✗ daily 09:00 ~
rag daily 25                             > rag | ✗ daily 09:00 ~
diffusion at 8:75                        > diffusion | ✗ daily 09:00 ~
diffusion daily at 26                    > diffusion | ✗ daily 09:00 ~
diffusion daily 24:00                    > diffusion | ✗ daily 09:00 ~
diffusion daily 13pm                     > diffusion | ✗ daily 09:00 ~
diffusion every monday at 99             > diffusion | ✗ weekly mon 09:00 ~
"""

CHINESE = """
扩散 每天              > 扩散 | daily 09:00 ~
扩散 每日              > 扩散 | daily 09:00 ~
扩散 每天8点            > 扩散 | daily 08:00
扩散 每天 8点           > 扩散 | daily 08:00
扩散 每天８点           > 扩散 | daily 08:00
扩散 每天八点           > 扩散 | daily 08:00
扩散 每天8：30          > 扩散 | daily 08:30
扩散 每天8点半          > 扩散 | daily 08:30
扩散 每天九点半         > 扩散 | daily 09:30
扩散 每天9点15分        > 扩散 | daily 09:15
扩散 每天9点15          > 扩散 | daily 09:15
扩散 每天九点十五分     > 扩散 | daily 09:15
扩散 每天9点一刻        > 扩散 | daily 09:15
扩散 每天9点三刻        > 扩散 | daily 09:45
扩散 每天十点           > 扩散 | daily 10:00
扩散 每天十一点半       > 扩散 | daily 11:30
扩散 每天二十点         > 扩散 | daily 20:00
扩散 每天二十二点三十分 > 扩散 | daily 22:30
扩散 每天下午两点       > 扩散 | daily 14:00
扩散 每天8点整          > 扩散 | daily 08:00
扩散 每天8点钟          > 扩散 | daily 08:00
扩散 每天8时            > 扩散 | daily 08:00
扩散 每天早上8点        > 扩散 | daily 08:00
扩散 每天早上           > 扩散 | daily 09:00
扩散 每天早上八点半     > 扩散 | daily 08:30
扩散 每天早8点          > 扩散 | daily 08:00
扩散 每天上午10点       > 扩散 | daily 10:00
扩散 每天中午           > 扩散 | daily 12:00
扩散 每天中午12点       > 扩散 | daily 12:00
扩散 每天下午3点        > 扩散 | daily 15:00
扩散 每天傍晚6点        > 扩散 | daily 18:00
扩散 每天晚上8点        > 扩散 | daily 20:00
扩散 每天晚上12点       > 扩散 | daily 00:00
扩散 每天凌晨2点        > 扩散 | daily 02:00
扩散 每晚               > 扩散 | daily 21:00
扩散 每晚8点            > 扩散 | daily 20:00
扩散 每早               > 扩散 | daily 09:00
扩散 每早7点            > 扩散 | daily 07:00
扩散 早上8点            > 扩散 | daily 08:00
扩散 早上               > 扩散 | daily 09:00 ~
扩散 中午               > 扩散 | daily 12:00 ~
扩散 上午9点半          > 扩散 | daily 09:30
扩散 晚上9点            > 扩散 | daily 21:00
扩散 8点                > 扩散 | daily 08:00 ~
扩散 9点半              > 扩散 | daily 09:30
扩散 午夜               > 扩散 | daily 00:00 ~
扩散 工作日             > 扩散 | weekdays 09:00 ~
扩散 工作日 9点半       > 扩散 | weekdays 09:30
扩散 工作日9点          > 扩散 | weekdays 09:00
扩散 每个工作日早上9点  > 扩散 | weekdays 09:00
扩散 周一到周五 8点     > 扩散 | weekdays 08:00
扩散 周一至周五         > 扩散 | weekdays 09:00
扩散 周一至五9点        > 扩散 | weekdays 09:00
扩散 星期一到星期五     > 扩散 | weekdays 09:00
扩散 每周               > 扩散 | weekly mon 09:00 ~
扩散 每周一次           > 扩散 | weekly mon 09:00
扩散 每周二一次         > 扩散 | weekly tue 09:00
扩散 每周发一次就够了   > 扩散 | weekly mon 09:00
扩散 一三五早上6点半推送 > 扩散 | mon,wed,fri 06:30
扩散 每星期             > 扩散 | weekly mon 09:00 ~
扩散 每周一             > 扩散 | weekly mon 09:00
扩散 每周一9点          > 扩散 | weekly mon 09:00
扩散 每周一早上9点      > 扩散 | weekly mon 09:00
扩散 每週五下午三點     > 扩散 | weekly fri 15:00
扩散 周一               > 扩散 | weekly mon 09:00 ~
扩散 周日10点           > 扩散 | weekly sun 10:00
扩散 星期一             > 扩散 | weekly mon 09:00 ~
扩散 星期天             > 扩散 | weekly sun 09:00 ~
扩散 每个星期三         > 扩散 | weekly wed 09:00
扩散 礼拜五 18:00       > 扩散 | weekly fri 18:00
扩散 每逢周二           > 扩散 | weekly tue 09:00
扩散 周末               > 扩散 | sat,sun 09:00 ~
扩散 每周末10点         > 扩散 | sat,sun 10:00
扩散 每天8点 北京时间   > 扩散 | daily 08:00 | Asia/Shanghai
扩散 每天8点北京时间    > 扩散 | daily 08:00 | Asia/Shanghai
扩散 北京时间每天8点    > 扩散 | daily 08:00 | Asia/Shanghai
扩散 每天北京时间8点    > 扩散 | daily 08:00 | Asia/Shanghai
扩散 北京时间 早上8点   > 扩散 | daily 08:00 | Asia/Shanghai
扩散 每天8点 纽约       > 扩散 | daily 08:00 | America/New_York
扩散 每天8点（伦敦时间） > 扩散 | daily 08:00 | Europe/London
扩散 每周一9点 柏林时间 > 扩散 | weekly mon 09:00 | Europe/Berlin
扩散 每天8点 UTC+8      > 扩散 | daily 08:00 | +08:00
扩散 每天8点 东八区     > 扩散 | daily 08:00 | +08:00
扩散模型，每天8点       > 扩散模型 | daily 08:00
扩散模型、每天8点       > 扩散模型 | daily 08:00
扩散模型每天8点         > 扩散模型 | daily 08:00
扩散模型每天早上8点     > 扩散模型 | daily 08:00
扩散模型每周一          > 扩散模型 | weekly mon 09:00
扩散模型工作日9点半     > 扩散模型 | weekdays 09:30
扩散模型北京时间每天8点 > 扩散模型 | daily 08:00 | Asia/Shanghai
diffusion每天8点        > diffusion | daily 08:00
diffusion 每天8点。     > diffusion | daily 08:00
diffusion 每天 9am      > diffusion | daily 09:00
GPT-4每天8点            > GPT-4 | daily 08:00
Llama 3 早上8点         > Llama 3 | daily 08:00
3天一次                 >
扩散 daily 8：00        > 扩散 | daily 08:00
扩散 daily              > 扩散 | daily 09:00 ~
扩散模型 at 8           > 扩散模型 | daily 08:00
扩散 上班日9点          > 扩散 | weekdays 09:00
扩散 每周1到5           > 扩散 | weekdays 09:00
扩散 定时每天8点        > 扩散 | daily 08:00
扩散 立即               > 扩散 | now ~
扩散模型                >
多点触控                >
姿态估计17点            >
时间序列                >
每日新闻推荐            >
每天                    >
每天8点                 >
"扩散 每天"             >
扩散 或 每天            >
扩散 不含 每周          >
工作日与周末的差异      >
扩散 每天早上9点推送    > 扩散 | daily 09:00
扩散 8点左右            > 扩散 | daily 08:00 ~
扩散 每天大约8点        > 扩散 | daily 08:00
扩散 除周末外每天9点    > 扩散 | weekdays 09:00
扩散 每天9点，周末除外  > 扩散 | weekdays 09:00
扩散 周六周日           > 扩散 | sat,sun 09:00
扩散 每周一三五         > 扩散 | mon,wed,fri 09:00
扩散 周一三点           > 扩散 | weekly mon 03:00
扩散 周一十点           > 扩散 | weekly mon 10:00
扩散 每天早晚           > 扩散 | ✗ daily 09:00 ~
扩散 每天早中晚         > 扩散 | ✗ daily 09:00 ~
扩散 明早8点            > 扩散 | ✗ daily 08:00 ~
扩散 今晚8点            > 扩散 | ✗ daily 20:00 ~
扩散 每小时一次         > 扩散 | ✗ now ~
扩散 明天               > 扩散 | ✗ daily 09:00 ~
扩散 每天8点 火星       > 扩散 | ✗ daily 08:00
扩散 每小时             > 扩散 | ✗ now ~
扩散 每个小时           > 扩散 | ✗ now ~
扩散 每30分钟           > 扩散 | ✗ now ~
扩散 每半小时           > 扩散 | ✗ now ~
扩散 每天两次           > 扩散 | ✗ daily 09:00 ~
扩散 一天两次           > 扩散 | ✗ daily 09:00 ~
扩散 每天8点和20点      > 扩散 | ✗ daily 08:00 ~
扩散 每两天             > 扩散 | ✗ daily 09:00 ~
扩散 每隔三天           > 扩散 | ✗ daily 09:00 ~
扩散 隔天               > 扩散 | ✗ daily 09:00 ~
扩散 每两周             > 扩散 | ✗ weekly mon 09:00 ~
扩散 隔周               > 扩散 | ✗ weekly mon 09:00 ~
扩散 每周两次           > 扩散 | ✗ weekly mon 09:00 ~
扩散 每月               > 扩散 | ✗ weekly mon 09:00 ~
扩散 每个月1号          > 扩散 | ✗ weekly mon 09:00 ~
扩散 每年               > 扩散 | ✗ weekly mon 09:00 ~
扩散 每周一和周四       > 扩散 | mon,thu 09:00
扩散 周一、周三 9点     > 扩散 | mon,wed 09:00
扩散 周二到周四 9点     > 扩散 | tue,wed,thu 09:00
扩散 每天25点           > 扩散 | ✗ daily 09:00 ~
扩散 每天8点75分        > 扩散 | ✗ daily 09:00 ~
扩散模型每小时          > 扩散模型 | ✗ now ~
"""


def rows(table: str) -> list[tuple[str, str, str, str, bool]]:
    """Returns (typed, query, cadence, zone, whether words may be meant). The cadence is ✗ with the nearest one, or "",
    where it is not read.
    """
    found = []
    for line in table.strip().splitlines():
        typed, _, read = line.partition(" >")
        typed = typed.strip()
        parts = [part.strip() for part in read.removesuffix("~").split(" | ")]
        query, cadence, zone = (*parts, "", "")[:3] if parts[0] else (typed, "", "")
        found.append((typed, query, cadence, zone, read.endswith("~")))
    return found


TABLE = rows(ENGLISH) + rows(CHINESE)
