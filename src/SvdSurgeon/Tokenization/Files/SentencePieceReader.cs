using System.Text;
using SvdSurgeon.Tokenization.Bpe;
using SvdSurgeon.Tokenization.Decoding;
using SvdSurgeon.Tokenization.Normalizing;

namespace SvdSurgeon.Tokenization.Files;

/// <summary>Reads a SentencePiece model file (tokenizer.model) of type BPE.</summary>
/// <remarks>
/// Control tokens are not recognised in text, as in SentencePiece itself; tokens of added_tokens.json and user-defined pieces are.
/// </remarks>
internal static class SentencePieceReader
{
    private const int Bpe = 2;

    public static Tokenizer Read(string file)
    {
        try
        {
            return Read(TokenizerFile.ReadAllBytes(file), file);
        }
        catch (Exception error) when (error is FormatException or DecoderFallbackException)
        {
            throw new InvalidModelException($"{file}: not a SentencePiece model: {error.Message}", error);
        }
    }

    private static Tokenizer Read(ReadOnlySpan<byte> bytes, string file)
    {
        var pieces = new List<string>();
        var scores = new List<float>();
        var types = new List<PieceType>();
        var trainer = new TrainerSpecification();
        var normalizer = new NormalizerSpecification();
        var model = new ProtobufReader(bytes);
        while (model.Read())
        {
            if (model.Field == 1)
                ReadPiece(model.Bytes, pieces, scores, types);
            else if (model.Field == 2)
                trainer.Read(model.Bytes);
            else if (model.Field == 3)
                normalizer.Read(model.Bytes);
            else if (model.Field == 5)
                RefuseDenormalizer(model.Bytes, file);
        }
        if (pieces.Count == 0)
            throw new InvalidModelException($"{file}: not a SentencePiece model: it has no pieces.");
        Check(trainer, normalizer, file);
        return Create(new SentencePieceVocabulary(file, [.. pieces], [.. scores], [.. types]), trainer, normalizer);
    }

    private static void Check(TrainerSpecification trainer, NormalizerSpecification normalizer, string file)
    {
        if (trainer.ModelType != Bpe)
        {
            var name = trainer.ModelType is >= 1 and <= 4
                ? ((string[])["unigram", "bpe", "word", "char"])[trainer.ModelType - 1]
                : trainer.ModelType.ToString();
            throw new InvalidModelException($"{file}: SentencePiece model type '{name}' is not supported. Supported: bpe.");
        }
        if (normalizer.HasCharacterMap)
            throw new InvalidModelException($"{file}: SentencePiece normalizer '{normalizer.Name}' is not supported. Supported: identity.");
        if (trainer.WhitespaceAsSuffix)
            throw new InvalidModelException($"{file}: SentencePiece option 'treat_whitespace_as_suffix' is not supported.");
    }

    private static BpeTokenizer Create(SentencePieceVocabulary vocabulary, TrainerSpecification trainer, NormalizerSpecification normalizer)
    {
        var settings = SpecialTokenSettings.ReadFolder(Path.GetDirectoryName(Path.GetFullPath(vocabulary.File))!);
        var space = normalizer.EscapesSpaces ? '▁' : ' ';
        var added = settings
            .AddedTokens.Where(token => token.Id >= vocabulary.Pieces.Length)
            .DistinctBy(token => token.Id)
            .Select(token => token with { Normalized = false })
            .Concat(
                vocabulary
                    .OfType(PieceType.UserDefined)
                    .Select(id => new AddedToken(id, vocabulary.Pieces[id], Special: false) { Normalized = true })
            )
            .ToArray();
        var bos = Control(settings.Bos ?? trainer.BosPiece);
        var eos = Control(settings.Eos ?? trainer.EosPiece);
        return new BpeTokenizer(
            new TokenizerParts
            {
                Kind = "SentencePiece BPE (tokenizer.model)",
                File = vocabulary.File,
                Pieces = vocabulary,
                Vocabulary = new Vocabulary(
                    vocabulary.Pieces,
                    added,
                    vocabulary.OfType(PieceType.Control),
                    vocabulary.First(PieceType.Unknown)
                ),
                Model = vocabulary.CreateModel(vocabulary.First(PieceType.Byte) >= 0, space),
                AddedTokens = added,
                Normalizer = new SentencePieceNormalizer(space, normalizer.AddsDummyPrefix, normalizer.RemovesExtraSpaces),
                Prefix = (settings.AddBos ?? true) && bos >= 0 ? [bos] : [],
                Suffix = (settings.AddEos ?? false) && eos >= 0 ? [eos] : [],
                Decoding = new SentencePieceDecoding
                {
                    Replacements = [(space.ToString(), " ")],
                    StripStart =
                        normalizer.RemovesExtraSpaces ? int.MaxValue
                        : normalizer.AddsDummyPrefix ? 1
                        : 0,
                    UnknownText = trainer.UnknownText,
                },
                BosTokenId = bos,
                EosTokenId = eos,
            }
        );

        int Control(string name) =>
            Array.IndexOf(vocabulary.Pieces, name) is >= 0 and var id ? id : added.FirstOrDefault(token => token.Content == name)?.Id ?? -1;
    }

    private static void ReadPiece(ReadOnlySpan<byte> bytes, List<string> pieces, List<float> scores, List<PieceType> types)
    {
        var piece = "";
        var score = 0f;
        var type = PieceType.Normal;
        var message = new ProtobufReader(bytes);
        while (message.Read())
        {
            if (message.Field == 1)
                piece = message.Text;
            else if (message.Field == 2)
                score = message.Single;
            else if (message.Field == 3)
                type = (PieceType)message.Integer;
        }
        if (!Enum.IsDefined(type))
            throw new FormatException($"piece '{piece}' has the type {(int)type}.");
        pieces.Add(piece);
        scores.Add(score);
        types.Add(type);
    }

    private static void RefuseDenormalizer(ReadOnlySpan<byte> bytes, string file)
    {
        var denormalizer = new NormalizerSpecification();
        denormalizer.Read(bytes);
        if (denormalizer.HasCharacterMap)
            throw new InvalidModelException($"{file}: a SentencePiece denormalizer ('{denormalizer.Name}') is not supported.");
    }

    // Defaults are those of sentencepiece_model.proto.
    private sealed class TrainerSpecification
    {
        public int ModelType { get; private set; } = 1;

        public bool WhitespaceAsSuffix { get; private set; }

        public string UnknownText { get; private set; } = " \u2047 ";

        public string BosPiece { get; private set; } = "<s>";

        public string EosPiece { get; private set; } = "</s>";

        public void Read(ReadOnlySpan<byte> bytes)
        {
            var message = new ProtobufReader(bytes);
            while (message.Read())
            {
                if (message.Field == 3)
                    ModelType = (int)message.Integer;
                else if (message.Field == 24)
                    WhitespaceAsSuffix = message.Flag;
                else if (message.Field == 44)
                    UnknownText = message.Text;
                else if (message.Field == 46)
                    BosPiece = message.Text;
                else if (message.Field == 47)
                    EosPiece = message.Text;
            }
        }
    }

    private sealed class NormalizerSpecification
    {
        public string Name { get; private set; } = "";

        public bool HasCharacterMap { get; private set; }

        public bool AddsDummyPrefix { get; private set; } = true;

        public bool RemovesExtraSpaces { get; private set; } = true;

        public bool EscapesSpaces { get; private set; } = true;

        public void Read(ReadOnlySpan<byte> bytes)
        {
            var message = new ProtobufReader(bytes);
            while (message.Read())
            {
                if (message.Field == 1)
                    Name = message.Text;
                else if (message.Field == 2)
                    HasCharacterMap = message.Bytes.Length > 0;
                else if (message.Field == 3)
                    AddsDummyPrefix = message.Flag;
                else if (message.Field == 4)
                    RemovesExtraSpaces = message.Flag;
                else if (message.Field == 5)
                    EscapesSpaces = message.Flag;
            }
        }
    }
}
