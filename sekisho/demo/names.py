"""Family and given names of the demo city: as written, as read, as in an account's name.

Among them are characters that systems for the public get wrong: 髙 and 﨑 (not in JIS X 0208), 神 as
the compatibility ideograph U+FA19 that normalisation would change, 𠮷 outside the Basic Multilingual Plane.
They are written as escapes where an editor could quietly replace them.
"""

from typing import Final

import msgspec


class Name(msgspec.Struct, frozen=True):
    written: str
    kana: str
    account: str


def _names(text: str) -> tuple[Name, ...]:
    return tuple(Name(*entry.split("/")) for entry in text.split())


FAMILY: Final = _names(
    "佐藤/サトウ/sato 鈴木/スズキ/suzuki 髙橋/タカハシ/takahashi 田中/タナカ/tanaka "
    "伊藤/イトウ/ito 渡邊/ワタナベ/watanabe 山本/ヤマモト/yamamoto 中村/ナカムラ/nakamura "
    "小林/コバヤシ/kobayashi 加藤/カトウ/kato \U00020bb7田/ヨシダ/yoshida 山田/ヤマダ/yamada "
    "佐々木/ササキ/sasaki 山口/ヤマグチ/yamaguchi 松本/マツモト/matsumoto 井上/イノウエ/inoue "
    "木村/キムラ/kimura 林/ハヤシ/hayashi 齋藤/サイトウ/saito 清水/シミズ/shimizu "
    "山\ufa11/ヤマザキ/yamazaki 森/モリ/mori 池田/イケダ/ikeda 橋本/ハシモト/hashimoto "
    "阿部/アベ/abe 石川/イシカワ/ishikawa \ufa19谷/カミヤ/kamiya 前田/マエダ/maeda "
    "藤田/フジタ/fujita 小川/オガワ/ogawa 岡田/オカダ/okada 後藤/ゴトウ/goto "
    "長谷川/ハセガワ/hasegawa 村上/ムラカミ/murakami 近藤/コンドウ/kondo 石井/イシイ/ishii "
    "齊藤/サイトウ/saito 坂本/サカモト/sakamoto 遠藤/エンドウ/endo 青木/アオキ/aoki "
    "藤井/フジイ/fujii 西村/ニシムラ/nishimura 福田/フクダ/fukuda 太田/オオタ/ota "
    "三浦/ミウラ/miura 岡本/オカモト/okamoto 濵田/ハマダ/hamada 渡邉/ワタナベ/watanabe "
    "邊見/ヘンミ/hemmi 五十嵐/イガラシ/igarashi"
)

GIVEN: Final = _names(
    "太郎/タロウ/taro 花子/ハナコ/hanako 一郎/イチロウ/ichiro 美咲/ミサキ/misaki "
    "誠/マコト/makoto 陽子/ヨウコ/yoko 健太/ケンタ/kenta さくら/サクラ/sakura "
    "大輔/ダイスケ/daisuke 由美子/ユミコ/yumiko 翔/ショウ/sho 恵/メグミ/megumi "
    "直樹/ナオキ/naoki 彩/アヤ/aya 隆/タカシ/takashi 真由美/マユミ/mayumi "
    "拓也/タクヤ/takuya 愛/アイ/ai 浩二/コウジ/koji 久美子/クミコ/kumiko "
    "亮/リョウ/ryo 千尋/チヒロ/chihiro 修/オサム/osamu 裕子/ユウコ/yuko "
    "哲也/テツヤ/tetsuya 奈々/ナナ/nana 豊/ユタカ/yutaka 智子/トモコ/tomoko "
    "和也/カズヤ/kazuya 葵/アオイ/aoi 正人/マサト/masato みどり/ミドリ/midori "
    "祐介/ユウスケ/yusuke 美穂/ミホ/miho 学/マナブ/manabu 香織/カオリ/kaori "
    "薫/カオル/kaoru"
)
