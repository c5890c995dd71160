using System.Text;
using System.Text.RegularExpressions;
using NUnit.Framework;
using SvdSurgeon.Tokenization.Splitting;

namespace SvdSurgeon.Tests.Tokenization;

public sealed class SplitterTests
{
    private const int Texts = 3000;

    private static IEnumerable<TestCaseData> Splitters()
    {
        yield return new TestCaseData(new Gpt2Splitter(), Gpt2Splitter.Pattern).SetArgDisplayNames("GPT-2");
        yield return new TestCaseData(new Llama3Splitter(3), Llama3Splitter.Llama3Pattern).SetArgDisplayNames("LLaMA-3");
        yield return new TestCaseData(new Llama3Splitter(1), Llama3Splitter.Qwen2Pattern).SetArgDisplayNames("Qwen2");
        yield return new TestCaseData(new DigitSplitter(individual: true, decimalOnly: false), @"\p{N}|\P{N}+").SetArgDisplayNames(
            "digits"
        );
        yield return new TestCaseData(new DigitSplitter(individual: true, decimalOnly: true), @"\p{Nd}|\P{Nd}+").SetArgDisplayNames(
            "decimal digits"
        );
        yield return new TestCaseData(new DigitSplitter(individual: false, decimalOnly: false), @"\p{N}+|\P{N}+").SetArgDisplayNames(
            "numbers"
        );
        yield return new TestCaseData(new MetaspaceSplitter('▁'), "[^▁]+|▁[^▁]*").SetArgDisplayNames("Metaspace");
    }

    [TestCaseSource(nameof(Splitters))]
    public void A_splitter_read_by_hand_cuts_where_its_pattern_matches(object splitter, string pattern)
    {
        // .NET's expressions see surrogates as characters of no class, so both sides get the plane that both understand; pairs come below.
        var regex = new Regex(pattern, RegexOptions.CultureInvariant);
        foreach (var text in RandomTexts(supplementary: false))
            Assert.That(Cut((ScanningSplitter)splitter, text), Is.EqualTo(regex.Matches(text).Select(match => match.Value)), Escape(text));
    }

    [TestCaseSource(nameof(Splitters))]
    public void Characters_beyond_the_basic_plane_are_cut_by_their_class(object splitter, string pattern)
    {
        var regex = new RegexSplitter(new OnigurumaPattern(pattern, isRegex: true, "test"), SplitBehavior.Isolated, invert: false);
        foreach (var text in RandomTexts(supplementary: true))
            Assert.That(
                Cut((ScanningSplitter)splitter, text),
                Is.EqualTo(regex.Split(text).Select(piece => text[piece.Start..piece.End])),
                Escape(text)
            );
    }

    [Test]
    public void Letters_and_digits_beyond_the_basic_plane_join_words_and_numbers()
    {
        Assert.That(Cut(new Gpt2Splitter(), "a𝔘𝔫 𝟙𝟚 👍🏽x"), Is.EqualTo((string[])["a𝔘𝔫", " 𝟙𝟚", " 👍🏽", "x"]));
        Assert.That(Cut(new Llama3Splitter(3), "(𝔘𝔫 𝟙𝟚𝟛𝟜"), Is.EqualTo((string[])["(𝔘𝔫", " ", "𝟙𝟚𝟛", "𝟜"]));
    }

    [Test]
    public void The_long_s_is_an_s_where_case_is_ignored() =>
        Assert.That(Cut(new Llama3Splitter(3), "it'\u017Fa"), Is.EqualTo((string[])["it", "'\u017F", "a"]));

    [TestCase(SplitBehavior.Isolated, false, "a|-|-|b|-|c")]
    [TestCase(SplitBehavior.Removed, false, "a|b|c")]
    [TestCase(SplitBehavior.Removed, true, "-|-|-")]
    [TestCase(SplitBehavior.MergedWithPrevious, false, "a-|-|b-|c")]
    [TestCase(SplitBehavior.MergedWithNext, false, "a|-|-b|-c")]
    [TestCase(SplitBehavior.Contiguous, false, "a|--|b|-|c")]
    public void Matches_are_treated_as_the_behavior_says(object behavior, bool invert, string expected)
    {
        var splitter = new RegexSplitter(new OnigurumaPattern("-", isRegex: false, "test"), (SplitBehavior)behavior, invert);
        const string Text = "a--b-c";
        Assert.That(string.Join('|', splitter.Split(Text).Select(piece => Text[piece.Start..piece.End])), Is.EqualTo(expected));
    }

    // Expected by Oniguruma's documentation; (?>…) gives nothing back.
    [TestCase(@"a++ab|.", "aab", "a|a|b")]
    [TestCase(@"(?:c|d)*+d|.", "cdd", "c|d|d")]
    [TestCase(@"(a(b)++)++", "ababb", "ababb")]
    [TestCase(@"x{1,3}", "xxxxx", "xxx|xx")]
    [TestCase(@"\p{^L}+", "a12b", "12")]
    [TestCase(@"\P{^L}+", "a12b", "a|b")]
    [TestCase(@"[^\]x]++", "ab]xc", "ab|c")]
    [TestCase(@"[a[bc]]+", "abcd", "abc")]
    [TestCase(@"[^a[bc]]+", "abcd", "d")]
    [TestCase(@"[a-z&&[^aeiou]]+", "bcad", "bc|d")]
    [TestCase(@"[^a-z&&[^aeiou]]+", "bcad1", "a|1")]
    [TestCase(@"[\d[^\w]]+", "a1-_b", "1-")]
    [TestCase(@"[a\-z]+", "a-zb", "a-z")]
    [TestCase(@"\x{1F600}+|\u0041", "A\ud83d\ude00\ud83d\ude00b", "A|\ud83d\ude00\ud83d\ude00")]
    [TestCase("[\ud83d\ude00-\ud83d\ude4f]+", "x\ud83d\ude00\ud83d\ude4e\ud83d\ude80\ua640", "\ud83d\ude00\ud83d\ude4e")]
    [TestCase("[^\ud83d\ude00]+", "x\ud83d\ude00\ud83d\ude80", "x|\ud83d\ude80")]
    [TestCase(@"\p{Lu}+", "A\ud801\udc00\ud801\udc28", "A\ud801\udc00")]
    public void Patterns_of_Oniguruma_match_what_they_match_there(string pattern, string text, string expected) =>
        Assert.That(
            string.Join(
                '|',
                new OnigurumaPattern(pattern, isRegex: true, "test").Matches(text).Select(match => text[match.Start..match.End])
            ),
            Is.EqualTo(expected)
        );

    [TestCase(@"[[:alpha:]]")]
    [TestCase(@"\p{Han}+")]
    [TestCase(@"a)")]
    [TestCase(@"(a")]
    [TestCase(@"[a")]
    [TestCase(@"\h")]
    [TestCase("a\\")]
    [TestCase(@"[b-a]")]
    [TestCase(@"\x{110000}")]
    public void A_pattern_that_cannot_be_translated_is_refused_with_its_file(string pattern) =>
        Assert.That(
            () => new OnigurumaPattern(pattern, isRegex: true, "x/tokenizer.json"),
            Throws.InstanceOf<InvalidModelException>().With.Message.StartsWith("x/tokenizer.json:").And.Message.Contains(pattern)
        );

    private static List<string> Cut(ScanningSplitter splitter, string text)
    {
        var pieces = new List<string>();
        for (var start = 0; start < text.Length; start += pieces[^1].Length)
            pieces.Add(text[start..splitter.EndOfPiece(text, start)]);
        return pieces;
    }

    private static IEnumerable<string> RandomTexts(bool supplementary)
    {
        const int Seed = 20261122;
        TestContext.Out.WriteLine($"seed {Seed}");
        var random = new Random(Seed);
        const string Likely = "aZé9٣½Ⅳ'''  \t\r\n\u00A0\u2028\u3000.,-_▁中ä\u0301\u200D";
        string[] likelyWords = ["'s", "'S", "'ll", "'LL", "'re", "'Ve", "'d", "'m", "'t", "\r\n", "   ", "\n\n", "123456", "don't"];
        for (var i = 0; i < Texts; i++)
        {
            var text = new StringBuilder();
            for (var n = random.Next(1, 40); n > 0; n--)
            {
                var kind = random.Next(10);
                if (kind < 6)
                    text.Append(Likely[random.Next(Likely.Length)]);
                else if (kind < 8)
                    text.Append(likelyWords[random.Next(likelyWords.Length)]);
                else
                    text.Append(RandomRune(random, supplementary));
            }
            yield return text.ToString();
        }
    }

    private static Rune RandomRune(Random random, bool supplementary)
    {
        while (true)
        {
            var value = supplementary && random.Next(2) == 0 ? random.Next(0x10000, 0x20000) : random.Next(0x10000);
            if (Rune.IsValid(value) && value != 0x17F)
                return new Rune(value); // .NET's folding leaves the long s alone
        }
    }

    private static string Escape(string text) =>
        string.Concat(text.Select(unit => unit is > ' ' and < '\x7F' ? unit.ToString() : $"\\u{(int)unit:X4}"));
}
