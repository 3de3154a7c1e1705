//! Definitions that need each other, found in time that grows with their number.

use std::collections::VecDeque;

use super::names::shorten;

/// Names of a circle that a person reads.
const MOST_SHOWN: usize = 6;

/// The circles among nodes that need others, each from its first node on, without its end. No node is
/// told twice.
pub(super) fn each(needs: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let left = within(needs);
    let mut told = vec![false; needs.len()];
    let mut circles = Vec::new();
    for start in 0..needs.len() {
        if !left[start] || told[start] {
            continue;
        }
        let Some(path) = path_back(start, needs, &left) else { continue };
        if path.iter().any(|&node| told[node]) {
            continue;
        }
        for &node in &path {
            told[node] = true;
        }
        circles.push(path);
    }
    circles
}

/// How long the longest way down from each node is; 0 for who needs nobody, and for circles.
pub(super) fn depths(needs: &[Vec<usize>]) -> Vec<usize> {
    let mut back: Vec<Vec<usize>> = vec![Vec::new(); needs.len()];
    let mut waits = vec![0_usize; needs.len()];
    for (node, needed) in needs.iter().enumerate() {
        for &other in needed.iter().filter(|&&other| other < needs.len()) {
            back[other].push(node);
            waits[node] += 1;
        }
    }
    let mut depths = vec![0; needs.len()];
    let mut ready: Vec<usize> = (0..needs.len()).filter(|&node| waits[node] == 0).collect();
    while let Some(node) = ready.pop() {
        for &above in &back[node] {
            depths[above] = depths[above].max(depths[node] + 1);
            waits[above] -= 1;
            if waits[above] == 0 {
                ready.push(above);
            }
        }
    }
    // Whoever still waits leads into a circle.
    depths.iter().zip(waits).map(|(depth, waits)| if waits == 0 { *depth } else { 0 }).collect()
}

/// A circle in words, `joint` between the names; the middle of a long one is left out.
pub(super) fn in_words(path: &[usize], joint: &str, name: impl Fn(usize) -> String) -> String {
    let mut words: Vec<String> =
        path.iter().take(MOST_SHOWN).map(|&node| format!("`{}`", shorten(&name(node)))).collect();
    if path.len() > MOST_SHOWN {
        words.push("…".into());
    }
    words.extend(path.first().map(|&node| format!("`{}`", shorten(&name(node)))));
    words.join(joint)
}

/// The nodes that can be in a circle: who needs nobody, or is needed by nobody, again and again, is
/// in none.
fn within(needs: &[Vec<usize>]) -> Vec<bool> {
    let mut back: Vec<Vec<usize>> = vec![Vec::new(); needs.len()];
    for (node, needed) in needs.iter().enumerate() {
        for &other in needed.iter().filter(|&&other| other < needs.len()) {
            back[other].push(node);
        }
    }
    let mut left = vec![true; needs.len()];
    for (ways, others) in [(needs, &back[..]), (&back[..], needs)] {
        let mut count: Vec<usize> =
            ways.iter().map(|to| to.iter().filter(|&&node| left.get(node) == Some(&true)).count()).collect();
        let mut free: Vec<usize> = (0..ways.len()).filter(|&node| left[node] && count[node] == 0).collect();
        while let Some(node) = free.pop() {
            left[node] = false;
            for &other in &others[node] {
                // `others` may name what is no node; then nobody counted it.
                let Some(rest) = count.get_mut(other) else { continue };
                *rest -= 1;
                if *rest == 0 && left[other] {
                    free.push(other);
                }
            }
        }
    }
    left
}

/// A shortest way from a node back to itself, without its end; breadth first.
fn path_back(start: usize, needs: &[Vec<usize>], left: &[bool]) -> Option<Vec<usize>> {
    let mut from: Vec<Option<usize>> = vec![None; needs.len()];
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for &next in &needs[node] {
            if next == start {
                let mut path = vec![node];
                let mut at = node;
                while let Some(before) = from[at] {
                    path.push(before);
                    at = before;
                }
                path.reverse();
                return Some(path);
            }
            if left.get(next) == Some(&true) && from[next].is_none() {
                from[next] = Some(node);
                queue.push_back(next);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_circle_is_found_once_and_what_leads_to_it_is_none() {
        // 0 needs 1 needs 2 needs 1; 3 needs itself; 4 needs 0 and nobody; 5 and 6 need each other.
        let needs = [vec![1], vec![2], vec![1], vec![3], vec![0, 99], vec![6], vec![5, 3]];
        assert_eq!(each(&needs), [vec![1, 2], vec![3], vec![5, 6]]);
        assert!(each(&[vec![1], vec![2], vec![]]).is_empty());
        assert!(each(&[]).is_empty());
        assert_eq!(depths(&needs), [0; 7]);
        assert_eq!(depths(&[vec![1, 2], vec![2, 99], vec![], vec![0, 2]]), [2, 1, 0, 3]);
    }

    #[test]
    fn long_chains_and_circles_take_no_time() {
        let chain: Vec<Vec<usize>> = (0..200_000).map(|node| vec![node + 1]).collect();
        assert!(each(&chain).is_empty());
        assert_eq!(depths(&chain)[199_990], 9);
        let circle: Vec<Vec<usize>> = (0..200_000).map(|node| vec![(node + 1) % 200_000]).collect();
        let found = each(&circle);
        assert_eq!((found.len(), found[0].len()), (1, 200_000));
        let words = in_words(&found[0], " needs ", |node| format!("a{node}"));
        assert_eq!(words, "`a0` needs `a1` needs `a2` needs `a3` needs `a4` needs `a5` needs … needs `a0`");
    }
}
