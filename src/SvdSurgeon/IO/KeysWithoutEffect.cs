namespace SvdSurgeon.IO;

/// <summary>
/// Keys of config.json that change nothing that this program computes, whatever their value: how the model was trained, how other programs
/// run or generate with it, and where it comes from. What is neither read nor on this list is named in a warning.
/// </summary>
internal static class KeysWithoutEffect
{
    // Where the model comes from; storage, which the weight files tell; training; how other programs run it; heads for other tasks;
    // encoder-decoder models, which these are not; generation, of which this program reads bos_token_id and eos_token_id alone.
    private const string Names = """
        _commit_hash _name_or_path architectures model_id name_or_path svdsurgeon transformers_version unsloth_fixed unsloth_version
        dtype torch_dtype use_bfloat16 torchscript tokenizer_class
        activation_dropout attention_dropout attn_pdrop classifier_dropout dropout embd_pdrop hidden_dropout hidden_dropout_prob
        attention_probs_dropout_prob init_std initializer_range layerdrop pretraining_tp resid_pdrop router_aux_loss_coef
        _attn_implementation _attn_implementation_autoset _flash_attn_2_enabled attn_implementation chunk_size_feed_forward
        gradient_checkpointing output_attentions output_hidden_states output_scores return_dict return_dict_in_generate tf_legacy_loss
        use_cache use_flash_attn use_return_dict experts_implementation
        finetuning_task id2label label2id num_labels problem_type task_specific_params
        add_cross_attention cross_attention_hidden_size decoder_start_token_id is_decoder is_encoder_decoder tie_encoder_decoder
        bad_words_ids begin_suppress_tokens diversity_penalty do_sample early_stopping encoder_no_repeat_ngram_size
        exponential_decay_length_penalty forced_bos_token_id forced_eos_token_id length_penalty max_length min_length
        no_repeat_ngram_size num_beam_groups num_beams num_return_sequences pad_token_id prefix remove_invalid_values repetition_penalty
        sep_token_id suppress_tokens cache_implementation temperature top_k top_p typical_p max_new_tokens
        """;

    private static readonly HashSet<string> All = [.. Names.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)];

    /// <summary>Whether the key is on the list.</summary>
    public static bool Contains(string key) => All.Contains(key);
}
