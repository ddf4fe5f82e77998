/**
 * The scopes of every network that lead from its features to classes: the classifier, and in training the auxiliary one,
 * which has layers of its own before its logits.
 */
export const headScopes = ['logits', 'auxiliary'] as const

/** Whether the rows of the tensor of this name are classes. */
export const hasClassRows = (name: string): boolean => /^(auxiliary\.)?logits\./.test(name)
