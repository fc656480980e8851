"""Makes tests/indicators/golden/*.csv with TA-Lib's Python package (0.8): run it in this folder.

candles.csv   open,high,low,close in ticks of 0.01 and volume in thousandths: a made-up random walk with a flat stretch,
              gaps and bars without volume
talib.csv     function,arguments,output,v0;v1;... of every TA-Lib function; empty where TA-Lib has no value; arguments in
              the order of the function table, categories as their index

walk.csv is not made here: it holds the candles of the bug reports in golden_test.cpp, prices and whole volumes.
"""
import numpy as np
import talib

TICK = 0.01


def random_numbers(seed):
    """A small generator of our own, so that the candles never depend on a library's version."""
    state = seed
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield (state >> 33) / 2**31 - 0.5


def make_candles(bars):
    numbers = random_numbers(20240101)
    draw = lambda size: int(round(sum(next(numbers) for _ in range(4)) * size))
    close, rows = 10000, []
    for bar in range(bars):
        if 120 <= bar < 150:  # a market that stands still, without volume from its middle on
            rows.append((close, close, close, close, 0 if bar >= 130 else 1500))
            continue
        gap = draw(200) if bar % 37 == 0 else draw(8)
        opening = close + gap
        close = max(1000, opening + draw(110))
        high = max(opening, close) + abs(draw(40))
        low = min(opening, close) - abs(draw(40))
        volume = 0 if bar % 29 == 5 else 1000 + abs(draw(90000))
        rows.append((opening, high, low, close, volume))
    return np.array(rows)


candles = make_candles(320)
np.savetxt("golden/candles.csv", candles, "%d", ",", header="open,high,low,close,volume", comments="")
open_, high, low, close = (candles[:, i] / 100.0 for i in range(4))
volume = candles[:, 4] / 1000.0

lines = []


def add(name, arguments, result):
    results = result if isinstance(result, tuple) else (result,)
    for output, values in enumerate(results):
        text = ";".join("" if np.isnan(v) else f"{v:.17g}" for v in values)
        lines.append(f"{name},{' '.join(f'{a:g}' for a in arguments)},{output},{text}")


for name in ("sma", "ema", "wma", "dema", "tema"):
    for n in (30, 7, 2):
        add(name, [n], getattr(talib, name.upper())(close, n))
for name, lengths in (("rsi", (14, 5)), ("roc", (10, 3)), ("mom", (10, 1)), ("linearreg", (14, 5))):
    for n in lengths:
        add(name, [n], getattr(talib, name.upper())(close, n))
for name in ("atr", "natr", "adx", "plus_di", "minus_di", "cci", "willr"):
    for n in (14, 6):
        add(name, [n], getattr(talib, name.upper())(high, low, close, n))
for name in ("atr", "natr", "plus_di", "minus_di"):
    add(name, [1], getattr(talib, name.upper())(high, low, close, 1))
add("trange", [], talib.TRANGE(high, low, close))
for arguments in ((12, 26, 9), (5, 13, 4), (26, 12, 9), (12, 26, 1), (12, 12, 9)):
    add("macd", arguments, talib.MACD(close, *arguments))
for arguments in ((5, 2, 2, 0), (20, 1.5, 2.5, 0), (8, 2, 1, 1), (6, 1, 2, 2), (5, 2, 2, 3), (5, 2, 2, 4)):
    add("bbands", arguments, talib.BBANDS(close, *arguments))
for arguments in ((5, 3, 0, 3, 0), (14, 3, 1, 5, 2), (7, 2, 3, 3, 4), (1, 1, 0, 1, 0)):
    add("stoch", arguments, talib.STOCH(high, low, close, *arguments))
for arguments in ((14, 5, 3, 0), (7, 9, 4, 1), (9, 4, 2, 3)):
    add("stochrsi", arguments, talib.STOCHRSI(close, *arguments))
for n in (14, 5):
    add("mfi", [n], talib.MFI(high, low, close, volume, n))
add("obv", [], talib.OBV(close, volume))
for arguments in ((5, 1), (20, 2)):
    add("stddev", arguments, talib.STDDEV(close, *arguments))
    add("var", arguments, talib.VAR(close, *arguments))
for arguments in ((0.02, 0.2), (0.05, 0.12), (0.3, 0.2)):
    add("sar", arguments, talib.SAR(high, low, *arguments))
for n in (14, 5):
    add("aroon", [n], talib.AROON(high, low, n))
with open("golden/talib.csv", "w") as file:
    file.write("function,arguments,output,values\n" + "\n".join(lines) + "\n")
